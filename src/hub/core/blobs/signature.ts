/** Shared access signatures of the blob endpoint, in the form of Azure's service SAS (string to sign of version 2020-12-06). */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { BlobError } from './errors.ts';
import { blobAccount, type BlobPermission } from './service.ts';

const version = '2021-12-02';
/** In the order in which a signature lists them. */
const permissionOrder: readonly BlobPermission[] = ['r', 'c', 'w', 'd', 'l'];

interface Place {
  readonly container: string;
  /** Absent for the container as a whole. */
  readonly blob?: string | undefined;
}

/** Parts of a query that a signature covers, as they are written there. */
interface SignedParts {
  readonly permissions: string;
  readonly start: string;
  readonly expiry: string;
  readonly protocol: string;
  readonly version: string;
  readonly resource: 'b' | 'c';
}

/** Signs a query string, `?sv=…`. `expiresAt` is in Unix milliseconds; it is written in whole seconds. */
export function signQuery(
  key: Uint8Array,
  place: Place,
  grant: { readonly permissions: readonly BlobPermission[]; readonly expiresAt: number },
): string {
  const parts: SignedParts = {
    permissions: permissionOrder.filter((permission) => grant.permissions.includes(permission)).join(''),
    start: '',
    expiry: `${new Date(grant.expiresAt).toISOString().slice(0, 19)}Z`,
    protocol: '',
    version,
    resource: place.blob === undefined ? 'c' : 'b',
  };
  const query = new URLSearchParams({
    sv: parts.version,
    sr: parts.resource,
    sig: sign(key, place, parts),
    se: parts.expiry,
    sp: parts.permissions,
  });
  return `?${query.toString()}`;
}

/**
 * What a query string allows at a place. BlobError AuthenticationFailed, with one text for every reason but the expiry, so that a
 * caller cannot find out which part was right.
 */
export function verifyQuery(
  key: Uint8Array,
  place: Place,
  query: URLSearchParams,
  now: number,
): ReadonlySet<BlobPermission> {
  const resource = query.get('sr');
  const parts: SignedParts = {
    permissions: query.get('sp') ?? '',
    start: query.get('st') ?? '',
    expiry: query.get('se') ?? '',
    protocol: query.get('spr') ?? '',
    version: query.get('sv') ?? '',
    resource: resource === 'c' ? 'c' : 'b',
  };
  // A signature for a container covers each blob in it, never the other way round.
  const signed = parts.resource === 'c' ? { container: place.container } : place;
  const expected = Buffer.from(sign(key, signed, parts));
  // A plus sign of base64 that was not encoded arrives as a space.
  const given = Buffer.from((query.get('sig') ?? '').replaceAll(' ', '+'));
  const genuine = expected.length === given.length && timingSafeEqual(expected, given);
  if (!genuine || (parts.resource === 'b' && place.blob === undefined)) {
    throw new BlobError('AuthenticationFailed', 'The signature is missing, or it is not one for this place.');
  }
  const until = Date.parse(parts.expiry);
  if (!(until > now)) throw new BlobError('AuthenticationFailed', 'The signature has expired.');
  return new Set(permissionOrder.filter((permission) => parts.permissions.includes(permission)));
}

function sign(key: Uint8Array, { container, blob }: Place, parts: SignedParts): string {
  const resource = `/blob/${blobAccount}/${container}${blob === undefined ? '' : `/${blob}`}`;
  const text = [
    parts.permissions,
    parts.start,
    parts.expiry,
    resource,
    '',
    '',
    parts.protocol,
    parts.version,
    parts.resource,
    // Snapshot, encryption scope, and the five headers a signature may override: none is ever signed here.
    ...Array.from({ length: 7 }, () => ''),
  ].join('\n');
  return createHmac('sha256', key).update(text, 'utf8').digest('base64');
}
