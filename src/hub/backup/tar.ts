/** A tar archive (POSIX ustar) of plain files, written and read piece by piece. */

const blockBytes = 512;
/** Eleven octal digits. */
const largestOctal = 8 ** 11 - 1;

export interface TarEntry {
  /** Relative, at most 100 bytes. */
  readonly name: string;
  readonly size: number;
}

/** A file of an archive that is being read. Its bytes must be taken before the next entry is asked for. */
export interface ReadEntry extends TarEntry {
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What is wrong with an archive. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

/** The block before a file's bytes. `modifiedAt` is in Unix seconds. */
export function tarHeader({ name, size }: TarEntry, modifiedAt: number): Uint8Array {
  const header = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name ${name} is too long for an archive`);
  header.write(name, 0);
  writeOctal(header, 0o600, 100, 8);
  writeOctal(header, 0, 108, 8);
  writeOctal(header, 0, 116, 8);
  writeSize(header, size);
  writeOctal(header, modifiedAt, 136, 12);
  header.write('0', 156);
  header.write('ustar', 257);
  header.write('00', 263);
  // The checksum is taken with spaces in its own place.
  header.fill(0x20, 148, 156);
  writeOctal(header, sumOf(header), 148, 7);
  return header;
}

/** What fills a file's last block. */
export function tarPadding(size: number): Uint8Array {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** Two empty blocks. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * blockBytes);
}

/** Reads an archive. Throws TarError for one that is damaged or holds something else than plain files. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry, void, undefined> {
  const input = createInput(source);
  for (;;) {
    const header = await input.take(blockBytes);
    if (header.every((byte) => byte === 0)) return;
    const entry = readHeader(header);
    const bytes = input.stream(entry.size);
    yield { ...entry, bytes };
    // What nobody took is passed over.
    for await (const _ of bytes);
    await input.take(tarPadding(entry.size).length);
  }
}

function readHeader(header: Buffer): TarEntry {
  const sum = Number.parseInt(textAt(header, 148, 8), 8);
  const blank = Buffer.from(header);
  blank.fill(0x20, 148, 156);
  if (sumOf(blank) !== sum || textAt(header, 257, 5) !== 'ustar') throw new TarError('it is damaged, or no archive');
  const kind = textAt(header, 156, 1);
  if (kind !== '0' && kind !== '') throw new TarError('it holds something else than plain files');
  return { name: textAt(header, 0, 100), size: readSize(header) };
}

function writeOctal(header: Buffer, value: number, at: number, length: number): void {
  header.write(
    `${Math.trunc(value)
      .toString(8)
      .padStart(length - 1, '0')}\0`,
    at,
  );
}

/** A larger size is written in binary, as GNU tar does. */
function writeSize(header: Buffer, size: number): void {
  if (size <= largestOctal) writeOctal(header, size, 124, 12);
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
}

function readSize(header: Buffer): number {
  const size =
    header.readUInt8(124) === 0x80
      ? Number(header.readBigUInt64BE(128))
      : Number.parseInt(textAt(header, 124, 12).trim(), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new TarError('it has a file without a size');
  return size;
}

function textAt(header: Buffer, at: number, length: number): string {
  return header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
}

function sumOf(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}

interface Input {
  take(count: number): Promise<Buffer>;
  /** Exactly so many bytes; a second reading goes on where the first stopped. */
  stream(count: number): AsyncIterable<Uint8Array>;
}

function createInput(source: AsyncIterable<Uint8Array>): Input {
  const chunks = source[Symbol.asyncIterator]();
  let waiting: Uint8Array = new Uint8Array();

  async function some(most: number): Promise<Uint8Array> {
    while (waiting.length === 0) {
      const next = await chunks.next();
      if (next.done === true) throw new TarError('it ends too early');
      waiting = next.value;
    }
    const part = waiting.subarray(0, most);
    waiting = waiting.subarray(part.length);
    return part;
  }

  return {
    async take(count) {
      const parts: Uint8Array[] = [];
      for (let left = count; left > 0; left -= parts.at(-1)?.length ?? 0) parts.push(await some(left));
      return Buffer.concat(parts);
    },
    stream(count) {
      let left = count;
      return {
        async *[Symbol.asyncIterator]() {
          while (left > 0) {
            const part = await some(left);
            left -= part.length;
            yield part;
          }
        },
      };
    },
  };
}
