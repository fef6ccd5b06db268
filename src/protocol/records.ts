/** Records: small JSON documents of programs that work on a hub. An extension of iotctl's own hub. */

/** `GET|PUT|DELETE {path}/{name…}`, and `GET {path}?prefix=` for many. */
export const recordsPath = '/iotctl/records';

/** What one record may hold, bytes of JSON. */
export const recordBytes = 4 * 1024 * 1024;

/** How many records one page of a list holds at most. */
export const recordPageSize = 1_000;

/** A record as the hub answers it. */
export interface RecordAnswer {
  readonly name: string;
  /** Another after every write, also of the same content. */
  readonly etag: string;
  readonly value: object;
}

/** A page of records in the byte order of their names. */
export interface RecordPage {
  readonly records: readonly RecordAnswer[];
  /** The `after` of the next page; null after the last. */
  readonly next: string | null;
}

const segmentPattern = /^[A-Za-z0-9._@+-]{1,128}$/;
const mostSegments = 8;

/** What is wrong with a record's name, a path such as `rollouts/pump-2/state`; undefined for a good one. */
export function recordNameProblem(name: string): string | undefined {
  const segments = name.split('/');
  if (segments.length > mostSegments) return `must not have more than ${mostSegments} parts`;
  // Clients fold . and .. away before they send an address, and would reach another record.
  return segments.every((segment) => segmentPattern.test(segment) && segment !== '.' && segment !== '..')
    ? undefined
    : 'is made of parts of 1 to 128 letters, digits and . _ @ + - with slashes between them';
}
