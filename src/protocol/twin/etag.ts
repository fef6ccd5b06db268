/** The etag of a counter: its eight big-endian bytes in base64, so the first is `AAAAAAAAAAE=`. Source: service.md §3.2. */
export function etagOf(counter: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(counter));
  return bytes.toString('base64');
}
