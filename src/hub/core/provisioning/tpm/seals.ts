/** Keys for TPMs, sealed so that only the enrolled TPM can open them. */
import { HubError } from '../../../../protocol/hub-errors.ts';
import type { Fields } from '../../untrusted.ts';
import type { TpmChallenge } from '../service.ts';
import type { StoredEnrollment } from '../stored.ts';

export interface TpmSeals {
  /** What to throw at a TPM that has not proved itself. HubErrors ArgumentInvalid, IotHubUnauthorizedAccess. */
  challenge(enrollment: StoredEnrollment, tpm: Fields): TpmChallenge;
  /** The key of the last challenge, base64. */
  challengeKey(registrationId: string): string | undefined;
  sealKey(enrollment: StoredEnrollment, key: string): void;
  sealedKey(registrationId: string): string | undefined;
}

/** A service without TPM attestation. */
export function createTpmSeals(): TpmSeals {
  return {
    challenge() {
      throw new HubError('FeatureNotSupported', 'This service does not seal keys for TPMs.');
    },
    challengeKey: () => undefined,
    sealKey: () => undefined,
    sealedKey: () => undefined,
  };
}
