/**
 * What a row of the registry must add up to. SQLite does not notice a page that the disk has changed, so each row carries a checksum
 * (CRC-32) of its values, which whoever reads it compares. Rows of an older version have none until they are written again.
 */
import { crc32 } from 'node:zlib';
import { Failure } from '../../../errors/index.ts';
import type { SqlValue } from './thread/messages.ts';

/** No text holds it. */
const between = '\0';

export function checksumOf(values: readonly SqlValue[]): number {
  return crc32(values.map((value) => (value === null ? '\u0001' : String(value))).join(between));
}

/** Whether a row is as it was written; true for one without a checksum. */
export function isIntact(checksum: SqlValue | undefined, values: readonly SqlValue[]): boolean {
  return checksum === null || checksum === checksumOf(values);
}

/** Throws Failure `data-unusable` where {@link isIntact} says no. */
export function requireIntact(checksum: SqlValue | undefined, values: readonly SqlValue[], what: string): void {
  if (isIntact(checksum, values)) return;
  throw new Failure('data-unusable', `${what} is damaged on the disk of the hub`, { hint: 'iotctl hub verify' });
}
