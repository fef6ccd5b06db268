/** Keys for TPMs, sealed so that only the enrolled TPM can open them. Source: device.md §5.1. */
import { randomBytes } from 'node:crypto';
import { HubError } from '../../../../protocol/hub-errors.ts';
import { canonicalRegistrationId } from '../../../../protocol/provisioning/index.ts';
import { stringField, type Fields } from '../../untrusted.ts';
import { TpmChallenge } from '../service.ts';
import type { StoredEnrollment } from '../stored.ts';
import { sealToTpm } from './activation-blob.ts';
import { readTpmKey, type TpmKey } from './public-area.ts';

export interface TpmSeals {
  /** What to throw at a TPM that has not proved itself. HubErrors ArgumentInvalid, IotHubUnauthorizedAccess. */
  challenge(enrollment: StoredEnrollment, tpm: Fields): TpmChallenge;
  /** The key of the last challenge, base64. */
  challengeKey(registrationId: string): string | undefined;
  /** Seals the key (base64) that the device gets for its hub. */
  sealKey(enrollment: StoredEnrollment, key: string): void;
  /** The key sealed last, base64. */
  sealedKey(registrationId: string): string | undefined;
}

interface Held {
  readonly endorsement: TpmKey;
  readonly storage: TpmKey;
  readonly key: string;
  readonly expiresAt: number;
  sealed: string | undefined;
}

/** Registrations of TPMs under way; the oldest gives way. */
const mostHeld = 1_000;
const lifeMs = 15 * 60_000;
const keyBytes = 32;

export function createTpmSeals(now: () => number): TpmSeals {
  const held = new Map<string, Held>();
  const find = (registrationId: string): Held | undefined => {
    const key = canonicalRegistrationId(registrationId);
    const found = held.get(key);
    if (found === undefined || found.expiresAt > now()) return found;
    held.delete(key);
    return undefined;
  };
  return {
    challenge(enrollment, tpm) {
      const { endorsement, storage } = keysOf(enrollment, tpm);
      const key = randomBytes(keyBytes);
      const blob = sealToTpm(endorsement, storage, key, enrollment.id).toString('base64');
      const id = canonicalRegistrationId(enrollment.id);
      held.delete(id);
      const [oldest] = held.keys();
      if (held.size >= mostHeld && oldest !== undefined) held.delete(oldest);
      held.set(id, { endorsement, storage, key: key.toString('base64'), expiresAt: now() + lifeMs, sealed: undefined });
      return new TpmChallenge(blob);
    },
    challengeKey: (registrationId) => find(registrationId)?.key,
    sealKey(enrollment, key) {
      const found = find(enrollment.id);
      if (found === undefined) return;
      const blob = sealToTpm(found.endorsement, found.storage, Buffer.from(key, 'base64'), enrollment.id);
      found.sealed = blob.toString('base64');
    },
    sealedKey: (registrationId) => find(registrationId)?.sealed,
  };
}

/** The endorsement key must be the enrolled one; a storage root key that is enrolled too must be the same. */
function keysOf({ attestation, status }: StoredEnrollment, tpm: Fields): { endorsement: TpmKey; storage: TpmKey } {
  if (attestation.type !== 'tpm' || status === 'disabled') throw refused();
  const endorsement = Buffer.from(stringField(tpm, 'endorsementKey') ?? '', 'base64');
  const storage = Buffer.from(stringField(tpm, 'storageRootKey') ?? '', 'base64');
  if (!endorsement.equals(Buffer.from(attestation.endorsementKey, 'base64'))) throw refused();
  if (attestation.storageRootKey !== undefined && !storage.equals(Buffer.from(attestation.storageRootKey, 'base64')))
    throw refused();
  return {
    endorsement: readTpmKey(endorsement, 'endorsement key'),
    storage: readTpmKey(storage, 'storage root key'),
  };
}

function refused(): HubError {
  return new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
}
