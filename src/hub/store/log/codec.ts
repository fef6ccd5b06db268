import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * How the records of a row are stored; the number is in the table. SQLite does not notice a page that the disk changed: zstd has a
 * checksum of its own, and plain records have a CRC-32 behind them (`checked`). Older versions wrote them without (`plain`).
 */
const codecs = { plain: 0, zstd: 1, checked: 2 } as const;
const checksumBytes = 4;

/**
 * Smaller rows are merged soon (see compaction.ts), and compressed then. A row for each commit of a few messages would spend more on
 * zstd's tables than on all else, of time and of memory: they are freed when the collector comes by.
 */
const smallest = 8 * 1024;
/** Level 1 keeps one core ahead of what the fronts take in; higher ones save a few per cent of telemetry, or nothing. */
const level = 1;
/** What zstd may need beyond the size of what it is given; then one piece of output is enough. */
const spareBytes = 1_024;
/** A row that says it holds more is put together from pieces of this size. */
const largestPiece = 1024 * 1024;

/** What a compressor holds by itself. */
const compressorBytes = 64 * 1024;

/**
 * Bytes that were left to the collector, more or less: Node.js holds each compressor, its buffer and its result until the next full
 * collection of the thread. A row that was read counts too.
 */
export interface Leavings {
  bytes: number;
}

export function encodeRow(
  raw: Uint8Array,
  leavings: Leavings = { bytes: 0 },
): { readonly codec: number; readonly bytes: Uint8Array } {
  if (raw.length >= smallest) {
    leavings.bytes += compressorBytes + raw.length;
    const bytes = zstdCompressSync(raw, {
      // SQLite does not notice a page that the disk changed; the checksum does.
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
      chunkSize: raw.length + spareBytes,
      pledgedSrcSize: raw.length,
    });
    if (bytes.length < raw.length) return { codec: codecs.zstd, bytes };
  }
  const bytes = Buffer.allocUnsafe(raw.length + checksumBytes);
  bytes.set(raw);
  bytes.writeUInt32LE(crc32(raw), raw.length);
  return { codec: codecs.checked, bytes };
}

/** `rawBytes` is what the row says it holds; anything else is refused, so a damaged row cannot fill the memory. Throws where damaged. */
export function decodeRow(
  codec: number,
  bytes: Uint8Array,
  rawBytes: number,
  leavings: Leavings = { bytes: 0 },
): Uint8Array {
  leavings.bytes += rawBytes + (codec === codecs.zstd ? compressorBytes : 0);
  const raw = decode(codec, bytes, rawBytes);
  if (raw.length !== rawBytes) throw new RangeError('a stored batch is damaged');
  return raw;
}

function decode(codec: number, bytes: Uint8Array, rawBytes: number): Uint8Array {
  if (codec === codecs.plain) return bytes;
  if (codec === codecs.checked) return withoutChecksum(bytes);
  if (codec === codecs.zstd) {
    return zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(rawBytes, 1),
      chunkSize: Math.min(rawBytes + spareBytes, largestPiece),
    });
  }
  throw new RangeError(`a stored batch has the unknown encoding ${codec}`);
}

function withoutChecksum(bytes: Uint8Array): Uint8Array {
  const raw = bytes.subarray(0, Math.max(bytes.length - checksumBytes, 0));
  const stored = Buffer.from(bytes.buffer, bytes.byteOffset + raw.length, bytes.length - raw.length);
  if (stored.length !== checksumBytes || stored.readUInt32LE() !== crc32(raw))
    throw new RangeError('a stored batch is damaged');
  return raw;
}
