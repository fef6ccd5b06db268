/** Queries of the service API: whole collections, page by page. Source: service.md §10.1. */
import { HubError } from '../../../protocol/hub-errors.ts';

const everything =
  /^\s*(?:\*|select\s+\*(?:\s+from\s+(?:enrollments|enrollmentgroups|deviceregistrations|registrations|devices))?)\s*;?\s*$/i;

/** The service filters nothing: what it takes is `*` and `SELECT *`. Failure: HubError ArgumentInvalid. */
export function checkQuery(query: string): void {
  if (!everything.test(query))
    throw new HubError('ArgumentInvalid', 'The query must be * or SELECT * FROM enrollments, without conditions.');
}

/** A token that names the last item of a page. */
export function continuationOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

/** Failure: HubError ArgumentInvalid. */
export function keyOf(continuation: string | undefined): string | undefined {
  if (continuation === undefined || continuation === '') return undefined;
  const key = Buffer.from(continuation, 'base64url').toString();
  if (key === '' || continuationOf(key) !== continuation)
    throw new HubError('ArgumentInvalid', 'The continuation token is not one of this service.');
  return key;
}
