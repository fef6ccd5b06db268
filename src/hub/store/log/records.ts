/**
 * How messages lie in a batch: records one after the other, framed by hand because a message costs about as much to frame as to
 * receive. Little endian; a varint has seven bits in a byte, the lowest first.
 *
 *   reset    0
 *   sender   1, u32 length, JSON of the sender; its number is how many came since the last reset
 *   message  2, u32 sender number, f64 enqueued time, u32 bag length, u32 body length, bag in UTF-8, body
 *   bag      3, varint length, bag in UTF-8; its number is how many came since the last reset, the empty bag being 0
 *   run      4 or 5, varint sender number, varint bag number, varint enqueued time: milliseconds after (4) or before (5) the run
 *            before it, or after 0 at the first since a reset; varint count, as many varint lengths of bodies, the bodies
 *
 * `message` is read only: what was written before runs were. Every batch starts with a reset, so batches put end to end are a
 * batch again: reading runs of rows needs no second format.
 */
import type { MessageRun, Sender, StoredMessage } from '../../core/ports.ts';
import { VarintReader, writeVarint } from './varint.ts';

const resetRecord = 0;
const senderRecord = 1;
const messageRecord = 2;
const bagRecord = 3;
const runRecord = 4;
const earlierRunRecord = 5;
const senderHeader = 5;
const messageHeader = 21;
const initialBytes = 16 * 1024;
/** What the parts of a run before the lengths of its bodies take at most. */
const longestRunHeader = 1 + 5 + 5 + 8 + 5;
const longestLength = 5;

/** What a batch holds, ready to be handed to another thread. */
export interface Batch {
  readonly partition: number;
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly count: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** Every device with a message in the batch, once, a line for each. */
  readonly devices: string;
}

/** What a batch writer knows of a sender, kept as long as the sender itself. */
interface Known {
  readonly text: string;
  /** Stands for the batch that {@link Known.number} counts in, which must itself be free to go. */
  batch: object | undefined;
  number: number;
}

const knownSenders = new WeakMap<Sender, Known>();

/** Frames the messages of one partition into a buffer that grows as needed. */
export class BatchWriter {
  readonly #token: object = {};
  readonly #partition: number;
  #buffer: Buffer<ArrayBuffer>;
  #length = 0;
  #count = 0;
  #minTime = Number.POSITIVE_INFINITY;
  #maxTime = Number.NEGATIVE_INFINITY;
  #lastTime = 0;
  readonly #senders = new Map<string, number>();
  readonly #bags = new Map<string, number>();
  readonly #devices = new Set<string>();

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
    this.#begin(sender, enqueuedTime, bag, 1, body.length);
    this.#length = writeVarint(this.#buffer, this.#length, body.length);
    this.#buffer.set(body, this.#length);
    this.#length += body.length;
  }

  addRun(sender: Sender, enqueuedTime: number, bag: string, { buffer, count, bounds }: MessageRun): void {
    let bytes = 0;
    for (let index = 0; index < count * 2; index += 2) bytes += (bounds[index + 1] ?? 0) - (bounds[index] ?? 0);
    this.#begin(sender, enqueuedTime, bag, count, bytes);
    const target = this.#buffer;
    const source = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
    let at = this.#length;
    for (let index = 0; index < count * 2; index += 2)
      at = writeVarint(target, at, (bounds[index + 1] ?? 0) - (bounds[index] ?? 0));
    for (let index = 0; index < count * 2; index += 2) at += source.copy(target, at, bounds[index], bounds[index + 1]);
    this.#length = at;
  }

  /** The batch so far, in the writer's own buffer: who hands that on to another thread must not use the writer afterwards. */
  seal(): Batch {
    return {
      partition: this.#partition,
      buffer: this.#buffer.buffer,
      length: this.#length,
      count: this.#count,
      minTime: this.#minTime,
      maxTime: this.#maxTime,
      devices: [...this.#devices].join('\n'),
    };
  }

  /** Writes a run up to the lengths of its bodies, and makes room for what follows. Times are kept to the millisecond. */
  #begin(sender: Sender, enqueuedTime: number, bag: string, count: number, bytes: number): void {
    const senderNumber = this.#numberOf(sender);
    const bagNumber = bag === '' ? 0 : (this.#bags.get(bag) ?? this.#defineBag(bag));
    this.#reserve(longestRunHeader + count * longestLength + bytes);
    const time = Math.trunc(enqueuedTime);
    const later = time - this.#lastTime;
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at] = later < 0 ? earlierRunRecord : runRecord;
    at = writeVarint(buffer, at + 1, senderNumber);
    at = writeVarint(buffer, at, bagNumber);
    at = writeVarint(buffer, at, Math.abs(later));
    this.#length = writeVarint(buffer, at, count);
    this.#lastTime = time;
    this.#count += count;
    if (time < this.#minTime) this.#minTime = time;
    if (time > this.#maxTime) this.#maxTime = time;
  }

  #numberOf(sender: Sender): number {
    // The hub makes a sender for each event: there is nothing to remember.
    if (sender.source !== 'Telemetry') return this.#numberOfText(senderText(sender), sender.deviceId);
    let entry = knownSenders.get(sender);
    if (entry === undefined) {
      entry = { text: senderText(sender), batch: undefined, number: 0 };
      knownSenders.set(sender, entry);
    }
    if (entry.batch === this.#token) return entry.number;
    entry.batch = this.#token;
    entry.number = this.#numberOfText(entry.text, sender.deviceId);
    return entry.number;
  }

  #numberOfText(text: string, deviceId: string): number {
    return this.#senders.get(text) ?? this.#defineSender(text, deviceId);
  }

  #defineSender(text: string, deviceId: string): number {
    // A UTF-16 code unit takes at most three bytes in UTF-8.
    this.#reserve(senderHeader + text.length * 3);
    const start = this.#length;
    const bytes = this.#buffer.write(text, start + senderHeader, 'utf8');
    this.#buffer[start] = senderRecord;
    this.#buffer.writeUInt32LE(bytes, start + 1);
    this.#length = start + senderHeader + bytes;
    const number = this.#senders.size;
    this.#senders.set(text, number);
    this.#devices.add(deviceId);
    return number;
  }

  #defineBag(bag: string): number {
    const bytes = Buffer.byteLength(bag);
    this.#reserve(1 + longestLength + bytes);
    this.#buffer[this.#length] = bagRecord;
    const start = writeVarint(this.#buffer, this.#length + 1, bytes);
    this.#length = start + this.#buffer.write(bag, start, 'utf8');
    const number = this.#bags.size + 1;
    this.#bags.set(bag, number);
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
  const decoder = new Decoder(raw, options);
  decoder.run();
  return decoder.messages;
}

/** Goes through records once. */
class Decoder {
  readonly messages: StoredMessage[] = [];
  readonly #raw: Buffer;
  readonly #options: DecodeOptions;
  #at = 0;
  #sequenceNumber: number;
  /** Undefined where the messages of a sender are left out. */
  #senders: (Sender | undefined)[] = [];
  #bags: string[] = [''];
  #lastTime = 0;

  constructor(raw: Buffer, options: DecodeOptions) {
    this.#raw = raw;
    this.#options = options;
    this.#sequenceNumber = options.first;
  }

  run(): void {
    while (this.#at < this.#raw.length) {
      const kind = this.#raw[this.#at];
      if (kind === runRecord || kind === earlierRunRecord) this.#readRun(kind === runRecord ? 1 : -1);
      else if (kind === senderRecord) this.#readSender();
      else if (kind === bagRecord) this.#readBag();
      else if (kind === messageRecord) this.#readMessage();
      else if (kind === resetRecord) this.#reset();
      else throw damaged();
    }
  }

  #reset(): void {
    this.#senders = [];
    this.#bags = [''];
    this.#lastTime = 0;
    this.#at++;
  }

  #readSender(): void {
    const raw = this.#raw;
    const { accepts, senders } = this.#options;
    const start = this.#at + senderHeader;
    const end = start + raw.readUInt32LE(this.#at + 1);
    if (end > raw.length) throw damaged();
    const sender = senders.read(raw.toString('utf8', start, end));
    this.#senders.push(accepts === undefined || accepts(sender) ? sender : undefined);
    this.#at = end;
  }

  #readBag(): void {
    const raw = this.#raw;
    const length = new VarintReader(raw, this.#at + 1);
    const bytes = length.next();
    const end = length.at + bytes;
    if (end > raw.length) throw damaged();
    this.#bags.push(raw.toString('utf8', length.at, end));
    this.#at = end;
  }

  #readRun(direction: 1 | -1): void {
    const raw = this.#raw;
    const header = new VarintReader(raw, this.#at + 1);
    const sender = this.#senderAt(header.next());
    const bag = this.#bags[header.next()];
    const enqueuedTime = this.#lastTime + direction * header.next();
    const count = header.next();
    if (bag === undefined || count > raw.length - header.at) throw damaged();
    this.#lastTime = enqueuedTime;
    const lengths = new VarintReader(raw, header.at);
    for (let index = 0; index < count; index++) header.next();
    let start = header.at;
    for (let index = 0; index < count; index++) {
      const end = start + lengths.next();
      if (end > raw.length) throw damaged();
      this.#take(sender, enqueuedTime, bag, start, end);
      start = end;
    }
    this.#at = start;
  }

  #readMessage(): void {
    const raw = this.#raw;
    const at = this.#at;
    const bagStart = at + messageHeader;
    const bodyStart = bagStart + raw.readUInt32LE(at + 13);
    const end = bodyStart + raw.readUInt32LE(at + 17);
    if (end > raw.length) throw damaged();
    const sender = this.#senderAt(raw.readUInt32LE(at + 1));
    const bag = bodyStart === bagStart || sender === undefined ? '' : raw.toString('utf8', bagStart, bodyStart);
    this.#take(sender, raw.readDoubleLE(at + 5), bag, bodyStart, end);
    this.#at = end;
  }

  #senderAt(number: number): Sender | undefined {
    if (number >= this.#senders.length) throw damaged();
    return this.#senders[number];
  }

  #take(sender: Sender | undefined, enqueuedTime: number, bag: string, start: number, end: number): void {
    const sequenceNumber = this.#sequenceNumber++;
    const { partition, from } = this.#options;
    if (sender === undefined || sequenceNumber < from) return;
    const body = this.#raw.subarray(start, end);
    this.messages.push({ sender, partition, sequenceNumber, enqueuedTime, bag, body });
  }
}
