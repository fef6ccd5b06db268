/** The device's side: registrations under way, and what they came to. Source: device.md §5. */
import { randomBytes, randomUUID } from 'node:crypto';
import { HubError } from '../../../protocol/hub-errors.ts';
import { canonicalRegistrationId } from '../../../protocol/provisioning/index.ts';
import type { JsonValue } from '../../../std/json.ts';
import { fieldsOf, noFields, stringField, type Fields } from '../untrusted.ts';
import { admit, checkAddress } from './admission.ts';
import type { Admission, AdmissionParts } from './admitted.ts';
import { assign, type AssignmentParts } from './assignment.ts';
import { enrollmentNotFound } from './enrollment-store.ts';
import type { RegistrationStore } from './registration-store.ts';
import type { DeviceRegistration, OperationAnswer, RegistrationRequest } from './service.ts';
import type { TpmSeals } from './tpm/seals.ts';

export interface RegistrationParts {
  readonly admission: AdmissionParts;
  readonly assignment: AssignmentParts;
  readonly registrations: RegistrationStore;
  readonly tpm: TpmSeals;
  /** Seconds a device is asked to wait before it asks again. */
  readonly retryAfter: number;
}

/** A webhook that hangs must not let registrations pile up. */
const mostUnderWay = 1_000;

interface Operation {
  readonly id: string;
  readonly registrationId: string;
}

export function createDeviceRegistration(parts: RegistrationParts): DeviceRegistration {
  const underWay = new Map<string, Operation>();
  /** Keys of TPMs, sealed, until they are asked for: the only part of a registration that is not stored. */
  const sealedKeys = parts.tpm;

  async function run(operation: Operation, admission: Admission, request: RegistrationRequest, fields: Fields) {
    const { registrationId } = request;
    const found = await parts.registrations.find(registrationId);
    const { state, credential } = await assign(parts.assignment, {
      admission,
      registrationId,
      payload: fields.get('payload'),
      remote: request.remote,
      before: found?.state,
    });
    if (admission.enrollment.attestation.type === 'tpm' && credential?.type === 'sas')
      sealedKeys.sealKey(admission.enrollment, credential.primaryKey);
    const { groupId } = admission;
    await parts.registrations.put(
      { state, operationId: operation.id, ...(groupId !== undefined && { groupId }) },
      found,
    );
  }

  return {
    async register(request) {
      const fields = readBody(request.registrationId, request.body);
      const admission = await admitOrChallenge(parts, request, fields);
      const key = canonicalRegistrationId(request.registrationId);
      const joined = underWay.get(key);
      if (joined !== undefined) return assigning(joined, parts.retryAfter);
      if (underWay.size >= mostUnderWay)
        throw new HubError('ThrottlingException', 'Too many devices are registering at once.');
      const operation: Operation = { id: newOperationId(), registrationId: request.registrationId };
      underWay.set(key, operation);
      run(operation, admission, request, fields)
        .catch(parts.assignment.onError)
        .finally(() => underWay.delete(key));
      return assigning(operation, parts.retryAfter);
    },
    async status(credentials, operationId) {
      const { enrollment } = await admit(parts.admission, credentials);
      const current = underWay.get(canonicalRegistrationId(credentials.registrationId));
      if (current?.id === operationId) return assigning(current, parts.retryAfter);
      const stored = await parts.registrations.find(credentials.registrationId);
      if (stored?.operationId !== operationId)
        throw new HubError('RegistrationNotFound', 'There is no such operation of this registration.');
      const sealed = sealedKeys.sealedKey(enrollment.id);
      const registrationState = {
        ...stored.state,
        ...(sealed !== undefined && { tpm: { authenticationKey: sealed } }),
      };
      return {
        retryAfter: undefined,
        operation: { operationId, status: stored.state.status, registrationState },
      };
    },
    async lookup(credentials) {
      await admit(parts.admission, credentials);
      const stored = await parts.registrations.find(credentials.registrationId);
      if (stored === undefined) throw registrationNotFound(credentials.registrationId);
      return stored.state;
    },
  };
}

/** A TPM that brings no token yet gets the key for one, sealed so that only it can open it. */
async function admitOrChallenge(
  parts: RegistrationParts,
  request: RegistrationRequest,
  fields: Fields,
): Promise<Admission> {
  const tpm = fields.get('tpm');
  if (request.token !== undefined || tpm === undefined) return admit(parts.admission, request);
  await checkAddress(parts.admission, request);
  const enrollment = await parts.admission.store.find('individual', request.registrationId);
  if (enrollment === undefined) throw enrollmentNotFound('individual', request.registrationId);
  throw parts.tpm.challenge(enrollment, fieldsOf(tpm, 'tpm'));
}

function readBody(registrationId: string, body: JsonValue | undefined): Fields {
  const fields = body === undefined ? noFields : fieldsOf(body, 'The body');
  const named = stringField(fields, 'registrationId') ?? registrationId;
  if (canonicalRegistrationId(named) !== canonicalRegistrationId(registrationId))
    throw new HubError('ArgumentInvalid', 'registrationId in the body differs from the one that was proved.');
  return fields;
}

function assigning({ id, registrationId }: Operation, retryAfter: number): OperationAnswer {
  const status = 'assigning';
  return { retryAfter, operation: { operationId: id, status, registrationState: { registrationId, status } } };
}

/** HubError RegistrationNotFound (404202). */
export function registrationNotFound(registrationId: string): HubError {
  return new HubError('RegistrationNotFound', `There is no registration '${registrationId}'.`);
}

/** In the form of the service in the cloud. */
function newOperationId(): string {
  return `5.${randomBytes(8).toString('hex')}.${randomUUID()}`;
}
