/** What lets a device in, and what keeps it out. Source: device.md §5.1, §5.4. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { RegistrationState } from '../../../protocol/provisioning/index.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { HubCredential } from './ports.ts';
import type { StoredEnrollment } from './stored.ts';

/** A device that an enrollment takes. */
export interface Admission {
  readonly enrollment: StoredEnrollment;
  /** The group's id; undefined for an individual enrollment. */
  readonly groupId: string | undefined;
  /** How it will prove itself to its hub. Undefined for a TPM: its key is made when it is assigned. */
  readonly credential: HubCredential | undefined;
  /** What its registration says about the proof. */
  readonly proof: Pick<RegistrationState, 'symmetricKey' | 'x509'>;
}

export interface AdmissionParts {
  readonly store: EnrollmentStore;
  readonly idScope: () => Promise<string>;
  readonly now: () => number;
  /** Certificates of the authorities with these names, if they are verified. DER. */
  readonly authorities: (names: readonly string[]) => Promise<readonly Uint8Array[]>;
  /** The key a TPM was sealed for its token; undefined when it was not challenged. Base64. */
  readonly tpmKey: (registrationId: string) => string | undefined;
}

/** The proof comes first: only the device itself learns that its enrollment is disabled. */
export function admitted(admission: Admission): Admission {
  if (admission.enrollment.status === 'disabled') throw unauthorized('The enrollment is disabled.');
  return admission;
}

/** One answer for whatever was wrong (device.md §5.4). */
export function unauthorized(message = 'Unauthorized'): HubError {
  return new HubError('IotHubUnauthorizedAccess', message);
}
