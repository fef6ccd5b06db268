/**
 * What the load process writes down, and nobody else: an append-only file of records of 16 bytes, little endian.
 *
 *   u8 kind, u8 0, u16 device, u32 a, u32 b, u32 milliseconds since the load began
 *   sent       messages a to b - 1 are about to be sent for the first time
 *   acked      messages a to b - 1 were acknowledged
 *   connected  a connection begins; messages a to b - 1 are sent again, marked as duplicates
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createHash } from 'node:crypto';

const recordKinds = { sent: 1, acked: 2, connected: 3 } as const;
export type RecordKind = keyof typeof recordKinds;

const recordBytes = 16;
const bufferedRecords = 4_096;

export interface JournalWriter {
  add(kind: RecordKind, device: number, from: number, to: number): void;
  flush(): void;
  close(): void;
}

export function openJournal(path: string): JournalWriter {
  const file = openSync(path, 'ax', 0o600);
  const begin = performance.now();
  const buffer = Buffer.alloc(bufferedRecords * recordBytes);
  let used = 0;
  const flush = (): void => {
    if (used > 0) writeSync(file, buffer, 0, used);
    used = 0;
  };
  return {
    add(kind, device, from, to) {
      if (used === buffer.length) flush();
      buffer[used] = recordKinds[kind];
      buffer.writeUInt16LE(device, used + 2);
      buffer.writeUInt32LE(from, used + 4);
      buffer.writeUInt32LE(to, used + 8);
      buffer.writeUInt32LE(Math.floor(performance.now() - begin), used + 12);
      used += recordBytes;
    },
    flush,
    close() {
      flush();
      closeSync(file);
    },
  };
}

/** What a journal says of one device: numbers, so that millions of messages cost a few bytes. */
export interface DeviceJournal {
  /** Messages below this were sent. */
  sent: number;
  /** Messages below this were acknowledged. */
  acked: number;
  /** Of each connection, in order, the messages that were sent again: from, to (exclusive). */
  readonly resent: (readonly [from: number, to: number])[];
}

/** Reads a journal, in pieces. Throws when acknowledgements came out of order, which is a fault of its own. */
export async function readJournal(path: string, devices: number): Promise<readonly DeviceJournal[]> {
  const all = Array.from({ length: devices }, (): DeviceJournal => ({ sent: 0, acked: 0, resent: [] }));
  const file = await open(path, 'r');
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: 65_536 * recordBytes })) {
      const buffer = chunk as Buffer;
      for (let at = 0; at < buffer.length; at += recordBytes) apply(buffer, at, all);
    }
  } finally {
    await file.close();
  }
  return all;
}

function apply(buffer: Buffer, at: number, all: readonly DeviceJournal[]): void {
  const device = all[buffer.readUInt16LE(at + 2)];
  if (device === undefined) throw new Error('the journal names a device that is not there');
  const from = buffer.readUInt32LE(at + 4);
  const to = buffer.readUInt32LE(at + 8);
  if (buffer[at] === recordKinds.connected) device.resent.push([from, to]);
  else if (buffer[at] === recordKinds.sent) device.sent = Math.max(device.sent, to);
  else if (from === device.acked) device.acked = to;
  else throw new Error(`acknowledgement of ${from} where ${device.acked} was to come`);
}

/** The body of a message; `boot` is the connection on which it was sent first. Only the load and the oracle know the secret. */
export function bodyOf(secret: string, dev: string, boot: number, seq: number): string {
  return `{"dev":"${dev}","boot":${boot},"seq":${seq},"sha":"${proofOf(secret, dev, boot, seq)}"}`;
}

export function proofOf(secret: string, dev: string, boot: number, seq: number): string {
  return createHash('sha256').update(`${secret} ${dev} ${boot} ${seq}`).digest('hex').slice(0, 24);
}
