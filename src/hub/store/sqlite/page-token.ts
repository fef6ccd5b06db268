import { createHash } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { Query } from '../../../protocol/query/index.ts';
import { isJsonObject } from '../../../std/json.ts';

/** Where a query goes on. Rows of devices go on after an id, so devices that come or go elsewhere change nothing; groups by count. */
export interface PagePlace {
  readonly afterDevice: string;
  readonly afterModule: string;
  /** Rows given on earlier pages. */
  readonly given: number;
}

const firstPage: PagePlace = { afterDevice: '', afterModule: '', given: 0 };

/** An opaque token for the place in this query. */
export function writePageToken(query: Query, place: PagePlace): string {
  return Buffer.from(
    JSON.stringify({ q: fingerprint(query), a: place.afterDevice, m: place.afterModule, n: place.given }),
  ).toString('base64url');
}

/** Throws HubError ArgumentInvalid when the token is not one of this query. */
export function readPageToken(query: Query, token: string | undefined): PagePlace {
  if (token === undefined) return firstPage;
  const content = parse(token);
  if (isJsonObject(content)) {
    const { q, a, m, n } = content;
    if (
      q === fingerprint(query) &&
      typeof a === 'string' &&
      typeof m === 'string' &&
      typeof n === 'number' &&
      Number.isSafeInteger(n) &&
      n >= 0
    ) {
      return { afterDevice: a, afterModule: m, given: n };
    }
  }
  throw new HubError('ArgumentInvalid', 'The continuation token is not one of this query.');
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function fingerprint(query: Query): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12);
}
