import { open, readFile, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../std/atomic-file.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

/** One file of an outbox: records from `first` on, without holes, and acknowledgements between them. */
export interface Segment {
  readonly path: string;
  /** Number of its first record. */
  readonly first: number;
  /** Where each record begins in the file. */
  readonly starts: number[];
  bytes: number;
}

const namePattern = /^(\d{16})\.outbox$/;

function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.outbox`);
}

/** The number of a segment's first record from its file name, undefined for other files. */
export function firstOf(fileName: string): number | undefined {
  const match = namePattern.exec(fileName);
  return match === null ? undefined : Number(match[1]);
}

/** Reads a segment up to its first unsound frame, which a crash may have left; also the highest acknowledged record. */
export async function loadSegment(path: string, first: number): Promise<{ segment: Segment; acknowledged: number }> {
  const bytes = await readFile(path);
  const starts: number[] = [];
  let acknowledged = -1;
  let offset = 0;
  for (let frame = decodeFrame(bytes, 0); frame !== undefined; frame = decodeFrame(bytes, offset)) {
    if (frame.kind === 'record') starts.push(frame.start);
    else if (frame.payload.length === 8) acknowledged = Math.max(acknowledged, Number(frame.payload.readBigUInt64BE()));
    offset = frame.end;
  }
  return { segment: { path, first, starts, bytes: bytes.length }, acknowledged };
}

/** Reads records of a segment, from number `from`, at most `limit`. */
export async function readRecords(
  segment: Segment,
  from: number,
  limit: number,
): Promise<{ number: number; payload: Uint8Array }[]> {
  const begin = segment.starts[from - segment.first];
  if (begin === undefined) return [];
  const after = segment.starts[from - segment.first + limit] ?? segment.bytes;
  const bytes = Buffer.alloc(after - begin);
  const file = await open(segment.path, 'r');
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
    return recordsIn(bytes.subarray(0, bytesRead), from, limit);
  } finally {
    await file.close();
  }
}

function recordsIn(bytes: Buffer, from: number, limit: number): { number: number; payload: Uint8Array }[] {
  const records: { number: number; payload: Uint8Array }[] = [];
  let offset = 0;
  while (records.length < limit) {
    const frame = decodeFrame(bytes, offset);
    if (frame === undefined) break;
    if (frame.kind === 'record') records.push({ number: from + records.length, payload: frame.payload });
    offset = frame.end;
  }
  return records;
}

/** Appends to a segment of its own; nothing is ever appended to a file of an earlier run, whose end may be torn. */
export class SegmentWriter {
  readonly segment: Segment;
  readonly #file: FileHandle;

  private constructor(segment: Segment, file: FileHandle) {
    this.segment = segment;
    this.#file = file;
  }

  static async create(directory: string, first: number): Promise<SegmentWriter> {
    const path = segmentPath(directory, first);
    const file = await open(path, 'wx', 0o600);
    await syncDirectory(dirname(path));
    return new SegmentWriter({ path, first, starts: [], bytes: 0 }, file);
  }

  /** Resolves when the record is on the disk. */
  async append(payload: Uint8Array): Promise<void> {
    const start = this.segment.bytes;
    await this.#write(encodeFrame('record', payload));
    await this.#file.datasync();
    this.segment.starts.push(start);
  }

  /** Not synced: after a crash a few records are sent twice, which at-least-once allows. */
  async acknowledge(number: number): Promise<void> {
    const payload = Buffer.alloc(8);
    payload.writeBigUInt64BE(BigInt(number));
    await this.#write(encodeFrame('acknowledged', payload));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #write(frame: Buffer): Promise<void> {
    let written = 0;
    while (written < frame.length) {
      const { bytesWritten } = await this.#file.write(frame, written, frame.length - written, this.segment.bytes);
      written += bytesWritten;
      this.segment.bytes += bytesWritten;
    }
  }
}

export async function removeSegment(segment: Segment): Promise<void> {
  await unlink(segment.path);
}
