/**
 * How messages lie in a batch: records one after the other, framed by hand because a message costs about as much to frame as to
 * receive. Little endian.
 *
 *   reset    0
 *   sender   1, u32 length, JSON of the sender; its number is how many came since the last reset
 *   message  2, u32 sender number, f64 enqueued time, u32 bag length, u32 body length, bag in UTF-8, body
 *
 * Every batch starts with a reset, so batches put end to end are a batch again: merging rows and reading runs of rows need no
 * second format.
 */
import type { Sender, StoredMessage } from '../../core/ports.ts';

const resetRecord = 0;
const senderRecord = 1;
const messageRecord = 2;
const senderHeader = 5;
const messageHeader = 21;
const initialBytes = 16 * 1024;

/** What a batch holds, ready to be handed to another thread. */
export interface Batch {
  readonly partition: number;
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly count: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** Every device with a message in the batch, once. */
  readonly devices: readonly string[];
}

/** Frames the messages of one partition into a buffer that grows as needed. */
export class BatchWriter {
  readonly #partition: number;
  #buffer: Buffer<ArrayBuffer>;
  #length = 0;
  #count = 0;
  #minTime = Number.POSITIVE_INFINITY;
  #maxTime = Number.NEGATIVE_INFINITY;
  readonly #numbers = new Map<Sender, number>();
  readonly #numbersByText = new Map<string, number>();
  readonly #devices = new Set<string>();
  #lastSender: Sender | undefined;
  #lastNumber = 0;

  constructor(partition: number, recycled?: ArrayBuffer) {
    this.#partition = partition;
    this.#buffer = recycled === undefined ? Buffer.allocUnsafeSlow(initialBytes) : Buffer.from(recycled);
    this.#buffer[0] = resetRecord;
    this.#length = 1;
  }

  get count(): number {
    return this.#count;
  }

  get length(): number {
    return this.#length;
  }

  add(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array): void {
    const number = sender === this.#lastSender ? this.#lastNumber : this.#numberOf(sender);
    // A UTF-16 code unit takes at most three bytes in UTF-8.
    this.#reserve(messageHeader + bag.length * 3 + body.length);
    const buffer = this.#buffer;
    const start = this.#length;
    const bagBytes = bag === '' ? 0 : buffer.write(bag, start + messageHeader, 'utf8');
    buffer[start] = messageRecord;
    buffer.writeUInt32LE(number, start + 1);
    buffer.writeDoubleLE(enqueuedTime, start + 5);
    buffer.writeUInt32LE(bagBytes, start + 13);
    buffer.writeUInt32LE(body.length, start + 17);
    buffer.set(body, start + messageHeader + bagBytes);
    this.#length = start + messageHeader + bagBytes + body.length;
    this.#count++;
    if (enqueuedTime < this.#minTime) this.#minTime = enqueuedTime;
    if (enqueuedTime > this.#maxTime) this.#maxTime = enqueuedTime;
  }

  /** The batch so far. The writer must not be used afterwards: its buffer goes along. */
  seal(): Batch {
    return {
      partition: this.#partition,
      buffer: this.#buffer.buffer,
      length: this.#length,
      count: this.#count,
      minTime: this.#minTime,
      maxTime: this.#maxTime,
      devices: [...this.#devices],
    };
  }

  #numberOf(sender: Sender): number {
    let number = this.#numbers.get(sender);
    if (number === undefined) {
      number = this.#define(sender);
      this.#numbers.set(sender, number);
    }
    this.#lastSender = sender;
    this.#lastNumber = number;
    return number;
  }

  #define(sender: Sender): number {
    const text = senderText(sender);
    const known = this.#numbersByText.get(text);
    if (known !== undefined) return known;
    this.#reserve(senderHeader + text.length * 3);
    const start = this.#length;
    const bytes = this.#buffer.write(text, start + senderHeader, 'utf8');
    this.#buffer[start] = senderRecord;
    this.#buffer.writeUInt32LE(bytes, start + 1);
    this.#length = start + senderHeader + bytes;
    const number = this.#numbersByText.size;
    this.#numbersByText.set(text, number);
    this.#devices.add(sender.deviceId);
    return number;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** The last two came later: batches of an older version end before them. */
type SenderMembers = [
  deviceId: string,
  generationId: string,
  scope: Sender['auth']['scope'],
  type: Sender['auth']['type'],
  issuer: string,
  modelId: string,
  moduleId?: string,
  source?: Sender['source'],
];

/** Fixed member order, so that equal senders give equal text. */
function senderText({ deviceId, generationId, auth, modelId, moduleId, source }: Sender): string {
  const members: SenderMembers = [deviceId, generationId, auth.scope, auth.type, auth.issuer, modelId];
  if (moduleId !== '' || source !== 'Telemetry') members.push(moduleId, source);
  return JSON.stringify(members);
}

function parseSender(text: string): Sender {
  try {
    const [deviceId, generationId, scope, type, issuer, modelId, moduleId = '', source = 'Telemetry'] = JSON.parse(
      text,
    ) as SenderMembers;
    return { deviceId, moduleId, generationId, auth: { scope, type, issuer }, modelId, source };
  } catch {
    throw damaged();
  }
}

function damaged(): RangeError {
  return new RangeError('a stored batch is damaged');
}

/** Turns sender records back into senders; equal ones come out as one object, which keeps memory and parsing low. */
export class SenderCache {
  readonly #known = new Map<string, Sender>();
  readonly #capacity: number;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  read(text: string): Sender {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const sender = parseSender(text);
    if (this.#known.size >= this.#capacity) this.#known.clear();
    this.#known.set(text, sender);
    return sender;
  }
}

export interface DecodeOptions {
  readonly partition: number;
  /** The sequence number of the first message in `raw`. */
  readonly first: number;
  /** Messages before this sequence number are left out. */
  readonly from: number;
  /** Messages of other senders are left out; all are taken when absent. */
  readonly accepts?: ((sender: Sender) => boolean) | undefined;
  readonly senders: SenderCache;
}

/** The messages in the records `raw`. Bodies are views into `raw`. Throws RangeError when the records are damaged. */
export function decodeRecords(raw: Buffer, options: DecodeOptions): StoredMessage[] {
  const { partition, from, accepts, senders } = options;
  const messages: StoredMessage[] = [];
  let known: (Sender | undefined)[] = [];
  let sequenceNumber = options.first;
  let at = 0;
  while (at < raw.length) {
    const kind = raw[at];
    if (kind === messageRecord) {
      const bagStart = at + messageHeader;
      const bodyStart = bagStart + raw.readUInt32LE(at + 13);
      const end = bodyStart + raw.readUInt32LE(at + 17);
      const number = raw.readUInt32LE(at + 1);
      if (end > raw.length || number >= known.length) throw damaged();
      const sender = known[number];
      if (sender !== undefined && sequenceNumber >= from) {
        messages.push({
          sender,
          partition,
          sequenceNumber,
          enqueuedTime: raw.readDoubleLE(at + 5),
          bag: bodyStart === bagStart ? '' : raw.toString('utf8', bagStart, bodyStart),
          body: raw.subarray(bodyStart, end),
        });
      }
      sequenceNumber++;
      at = end;
    } else if (kind === senderRecord) {
      const end = at + senderHeader + raw.readUInt32LE(at + 1);
      if (end > raw.length) throw damaged();
      const sender = senders.read(raw.toString('utf8', at + senderHeader, end));
      known.push(accepts === undefined || accepts(sender) ? sender : undefined);
      at = end;
    } else if (kind === resetRecord) {
      known = [];
      at++;
    } else {
      throw damaged();
    }
  }
  return messages;
}
