/** Allocation by a webhook of the enrollment's owner: it names the hub and may add a twin and a payload. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { RegistrationState } from '../../../protocol/provisioning/index.ts';
import { messageOf } from '../../../std/message-of.ts';
import type { JsonObject, JsonValue } from '../../../std/json.ts';
import { fieldsOf, parseUntrustedJson, stringField } from '../untrusted.ts';
import type { Admission } from './admitted.ts';
import { findHub, registrationErrors, type Allocation } from './allocation.ts';
import { parseInitialTwin } from './enrollment-draft.ts';
import { viewGroup, viewIndividual } from './enrollment-view.ts';
import type { AllocationWebhook, LinkedHub } from './ports.ts';

export type CustomAllocation = Allocation & {
  /** Replaces the enrollment's initial twin. */
  readonly twin?: { readonly tags?: JsonObject; readonly desired?: JsonObject };
  /** Goes to the device. */
  readonly payload?: JsonValue;
};

export interface CustomAllocationRequest {
  readonly admission: Admission;
  readonly registrationId: string;
  readonly payload: JsonValue | undefined;
  readonly current: RegistrationState | undefined;
  readonly candidates: readonly LinkedHub[];
}

const mostPayload = 64 * 1024;

/** Asks the webhook; every way it can fail is an outcome of the registration, none an error of the service. */
export async function allocateByWebhook(
  webhook: AllocationWebhook,
  request: CustomAllocationRequest,
): Promise<CustomAllocation> {
  const { webhook: definition } = request.admission.enrollment;
  if (definition === undefined) return failed('The enrollment has no webhook.');
  let answer: Awaited<ReturnType<AllocationWebhook>>;
  try {
    answer = await webhook({ url: definition.webhookUrl, body: bodyOf(request) });
  } catch (error) {
    return failed(`Custom allocation failed: ${messageOf(error)}`);
  }
  if (answer.status < 200 || answer.status > 299)
    return failed(`Custom allocation failed with status code: ${answer.status}`);
  try {
    return readAnswer(answer.text, request.candidates);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return failed(`Custom allocation failed, the answer of the webhook cannot be used: ${error.message}`);
  }
}

function readAnswer(text: string, candidates: readonly LinkedHub[]): CustomAllocation {
  const fields = fieldsOf(parseUntrustedJson(text), 'It');
  const hostName = stringField(fields, 'iotHubHostName') ?? '';
  const hub = findHub(candidates, hostName);
  if (hub === undefined) {
    const reason = hostName === '' ? 'names no hub' : 'names a hub that is not linked or not allowed by the enrollment';
    const errorCode = registrationErrors.customAllocationHubNotSpecified;
    return { hub: undefined, reason: `The answer of the custom allocation ${reason}.`, errorCode };
  }
  const payload = fields.get('payload');
  if (payload !== undefined && JSON.stringify(payload).length > mostPayload)
    throw new HubError('ArgumentInvalid', 'the payload is too large.');
  const given = fields.get('initialTwin');
  return {
    hub,
    reason: 'the webhook of the enrollment chose it',
    ...(given !== undefined && { twin: parseInitialTwin(given) }),
    ...(payload !== undefined && { payload }),
  };
}

/** The documented request. Secrets of the enrollment are not in it. */
function bodyOf({ admission, registrationId, payload, current, candidates }: CustomAllocationRequest): JsonObject {
  const { enrollment, groupId, proof } = admission;
  const document =
    groupId === undefined
      ? { individualEnrollment: viewIndividual(enrollment, { secrets: false, registration: current }) }
      : { enrollmentGroup: viewGroup(enrollment, { secrets: false }) };
  const context = {
    registrationId,
    ...(current?.assignedHub !== undefined && { currentIotHubHostName: current.assignedHub }),
    ...(current?.deviceId !== undefined && { currentDeviceId: current.deviceId }),
    ...proof,
    ...(payload !== undefined && { payload }),
  };
  const body = { ...document, deviceRuntimeContext: context, linkedHubs: candidates.map(({ hostName }) => hostName) };
  return JSON.parse(JSON.stringify(body)) as JsonObject;
}

function failed(reason: string): CustomAllocation {
  return { hub: undefined, reason, errorCode: registrationErrors.customAllocationFailed };
}
