import { BlobError } from './errors.ts';
import type { BlobConditions, BlobProperties } from './service.ts';

/** Checks a write's preconditions against the blob that is there. BlobErrors ConditionNotMet, BlobAlreadyExists. */
export function checkWrite(conditions: BlobConditions, mayReplace: boolean, present: BlobProperties | undefined): void {
  if (present !== undefined && !mayReplace) {
    throw new BlobError(
      'AuthorizationPermissionMismatch',
      'The signature allows to make this blob, not to replace it.',
    );
  }
  if (conditions.ifNoneMatch === '*' && present !== undefined)
    throw new BlobError('BlobAlreadyExists', 'The blob exists already.');
  checkPresent(conditions, present);
}

/** Checks preconditions of a read, a delete or a write. BlobError ConditionNotMet. */
export function checkPresent(conditions: BlobConditions, present: BlobProperties | undefined): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const stale =
    (ifMatch !== undefined && (present === undefined || !names(ifMatch, present))) ||
    (ifNoneMatch !== undefined && present !== undefined && names(ifNoneMatch, present)) ||
    (ifUnmodifiedSince !== undefined && present !== undefined && seconds(present) > ifUnmodifiedSince) ||
    (ifModifiedSince !== undefined && present !== undefined && seconds(present) <= ifModifiedSince);
  if (stale) throw new BlobError('ConditionNotMet', 'The blob is not in the state that the request asks for.');
}

function names(header: string, { etag }: BlobProperties): boolean {
  if (header === '*') return true;
  return header.split(',').some((each) => bare(each) === bare(etag));
}

function bare(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
}

/** Clients see the time of change in whole seconds. */
function seconds({ modifiedAt }: BlobProperties): number {
  return Math.floor(modifiedAt / 1_000) * 1_000;
}
