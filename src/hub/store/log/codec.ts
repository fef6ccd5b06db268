import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** How the records of a row are stored; the number is in the table. */
const codecs = { plain: 0, zstd: 1 } as const;

/** Below this many bytes compression saves less than it costs. */
const smallest = 512;
/** Level 1 keeps one core ahead of what the fronts take in; higher ones save a few per cent of telemetry, or nothing. */
const level = 1;
/** What zstd may need beyond the size of what it is given; then one piece of output is enough. */
const spareBytes = 1_024;

export function encodeRow(raw: Uint8Array): { readonly codec: number; readonly bytes: Uint8Array } {
  if (raw.length >= smallest) {
    const bytes = zstdCompressSync(raw, {
      // SQLite does not notice a page that the disk changed; the checksum does.
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
      chunkSize: raw.length + spareBytes,
      pledgedSrcSize: raw.length,
    });
    if (bytes.length < raw.length) return { codec: codecs.zstd, bytes };
  }
  return { codec: codecs.plain, bytes: raw };
}

/** `rawBytes` is what the row says it holds; more is refused, so a damaged row cannot fill the memory. */
export function decodeRow(codec: number, bytes: Uint8Array, rawBytes: number): Uint8Array {
  if (codec === codecs.plain) return bytes;
  if (codec === codecs.zstd) return zstdDecompressSync(bytes, { maxOutputLength: Math.max(rawBytes, 1) });
  throw new RangeError(`a stored batch has the unknown encoding ${codec}`);
}
