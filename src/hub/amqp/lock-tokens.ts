/**
 * A lock token as the delivery tag the SDKs expect: a GUID as .NET writes it, its first three groups little-endian. The C# SDKs
 * read the token off the tag. Source: device.md §4.5.
 */
export function lockTokenBytes(lockToken: string): Uint8Array {
  const bytes = Buffer.from(lockToken.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
