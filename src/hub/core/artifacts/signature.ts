/** Addresses of artifacts that expire. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';

/** `expiresAt` is in Unix milliseconds; it is written in whole seconds. */
export function signArtifact(key: Uint8Array, sha256: string, expiresAt: number): string {
  const expiry = String(Math.floor(expiresAt / 1_000));
  return `?se=${expiry}&sig=${signatureOf(key, sha256, expiry)}`;
}

/** HubError IotHubUnauthorizedAccess, in one text for every reason, so that a caller cannot find out which part was right. */
export function verifyArtifact(key: Uint8Array, sha256: string, query: URLSearchParams, now: number): void {
  const [expiry = '', secondExpiry] = query.getAll('se');
  const [signature = '', secondSignature] = query.getAll('sig');
  // Texts are compared, not the bytes they stand for: base64 has more than one text for some.
  const expected = Buffer.from(signatureOf(key, sha256, expiry));
  const given = Buffer.from(signature);
  const genuine = expected.length === given.length && timingSafeEqual(expected, given);
  const isOne = secondExpiry === undefined && secondSignature === undefined;
  if (!genuine || !isOne || !/^\d{1,12}$/.test(expiry) || Number(expiry) * 1_000 <= now)
    throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized: the address is not signed for this, or has expired.');
}

/** The first line keeps signatures of other things apart. */
function signatureOf(key: Uint8Array, sha256: string, expiry: string): string {
  return createHmac('sha256', key).update(`iotctl artifact read\n${sha256}\n${expiry}`, 'utf8').digest('base64url');
}
