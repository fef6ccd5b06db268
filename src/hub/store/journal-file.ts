/**
 * The write-ahead log of SQLite as a file. SQLite reads it as far as its checksums hold and takes the rest for a write that was cut
 * short: right after a crash, and wrong where the disk has changed a byte in the midst, because what follows was committed and
 * would be written over. Source: sqlite.org/fileformat2.html#walformat
 */
import { open } from 'node:fs/promises';
import { Failure } from '../../errors/index.ts';

export const journalHeaderBytes = 32;
export const frameHeaderBytes = 24;
const magics = { littleEndian: 0x377f0682, bigEndian: 0x377f0683 } as const;
const largestPage = 65_536;

/** Where the log of a database stands. */
export function journalOf(database: string): string {
  return `${database}-wal`;
}

export interface JournalFile {
  /** Frames whose checksums hold. */
  readonly frames: number;
  /** Where the first frame of this log stands that does not hold and has commits behind it; undefined when there is none. */
  readonly damagedAt: number | undefined;
}

/**
 * Undefined when there is no log, or one without content. A hub that runs writes while its log is read, and begins it anew: damage is
 * what a second look finds in the same turn of the log and at the same place.
 */
export async function readJournalFile(path: string, openFile: typeof open = open): Promise<JournalFile | undefined> {
  const first = await look(path, openFile);
  if (first?.journal.damagedAt === undefined) return first?.journal;
  const second = await look(path, openFile);
  const stands = second?.journal.damagedAt === first.journal.damagedAt && second.header.equals(first.header);
  return second === undefined || stands ? second?.journal : { ...second.journal, damagedAt: undefined };
}

interface Look {
  readonly header: Buffer;
  readonly journal: JournalFile;
}

async function look(path: string, openFile: typeof open): Promise<Look | undefined> {
  const file = await openFile(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size < journalHeaderBytes) return undefined;
    const header = Buffer.alloc(journalHeaderBytes);
    await file.read(header, 0, journalHeaderBytes, 0);
    const read = async (into: Buffer, at: number): Promise<number> =>
      (await file.read(into, 0, into.length, at)).bytesRead;
    return { header, journal: await walk(header, size, read) };
  } finally {
    await file.close();
  }
}

/**
 * To be asked before a database is opened for writing. Failure `data-unusable` when its log is damaged before its end: SQLite would
 * drop what is behind that, and begin to write over it.
 */
export async function requireSoundJournal(database: string): Promise<void> {
  const journal = await readJournalFile(journalOf(database));
  if (journal?.damagedAt === undefined) return;
  throw new Failure(
    'data-unusable',
    `${journalOf(database)} is damaged at byte ${journal.damagedAt}, with commits behind that; it is left as it is`,
    { hint: 'restore a backup: iotctl hub restore FILE' },
  );
}

async function walk(
  header: Buffer,
  size: number,
  read: (into: Buffer, at: number) => Promise<number>,
): Promise<JournalFile> {
  const magic = header.readUInt32BE(0);
  const bigEndian = magic === magics.bigEndian;
  const pageSize = header.readUInt32BE(8);
  const isHeader = (bigEndian || magic === magics.littleEndian) && pageSize >= 512 && pageSize <= largestPage;
  const sum = isHeader ? checksum(header.subarray(0, 24), [0, 0], bigEndian) : undefined;
  // Nothing stands before the header, so nothing says whether it was ever whole; with frames behind it, it was.
  if (sum === undefined || sum[0] !== header.readUInt32BE(24) || sum[1] !== header.readUInt32BE(28))
    return { frames: 0, damagedAt: size > journalHeaderBytes + frameHeaderBytes ? 0 : undefined };
  const frame = Buffer.alloc(frameHeaderBytes + pageSize);
  let running = sum;
  let frames = 0;
  let brokenAt: number | undefined;
  let commitsBehind = 0;
  for (let at = journalHeaderBytes; at + frame.length <= size; at += frame.length) {
    if ((await read(frame, at)) < frame.length) break;
    // Frames of an earlier turn of the log have other salts.
    const isOurs = frame.compare(header, 16, 24, 8, 16) === 0;
    if (brokenAt === undefined) {
      const next = checksum(
        frame.subarray(frameHeaderBytes),
        checksum(frame.subarray(0, 8), running, bigEndian),
        bigEndian,
      );
      if (isOurs && next[0] === frame.readUInt32BE(16) && next[1] === frame.readUInt32BE(20)) {
        running = next;
        frames += 1;
        continue;
      }
      brokenAt = at;
    }
    // A transaction that was being written has one commit at its end; the next begins when that one is on the disk.
    if (isOurs && commitsBehind > 0) return { frames, damagedAt: brokenAt };
    if (isOurs && frame.readUInt32BE(4) > 0) commitsBehind += 1;
  }
  return { frames, damagedAt: undefined };
}

type Sum = readonly [number, number];

function checksum(bytes: Buffer, [first, second]: Sum, bigEndian: boolean): Sum {
  let s0 = first;
  let s1 = second;
  for (let at = 0; at < bytes.length; at += 8) {
    const x0 = bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    const x1 = bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
    s0 = (s0 + x0 + s1) >>> 0;
    s1 = (s1 + x1 + s0) >>> 0;
  }
  return [s0, s1];
}
