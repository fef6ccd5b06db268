/** What a device of an id would get, and why; nothing changes. */
import { HubError } from '../../../protocol/hub-errors.ts';
import { registrationIdProblem, type RegistrationForecast } from '../../../protocol/provisioning/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import { allocate, candidatesOf, findHub } from './allocation.ts';
import type { AssignmentParts } from './assignment.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import type { RegistrationStore } from './registration-store.ts';
import type { StoredEnrollment, StoredRegistration } from './stored.ts';

export interface ExplainParts {
  readonly store: EnrollmentStore;
  readonly registrations: RegistrationStore;
  readonly assignment: AssignmentParts;
}

/** Failure: HubError ArgumentInvalid for text that is no registration id. */
export async function explain(parts: ExplainParts, registrationId: string): Promise<RegistrationForecast> {
  const problem = registrationIdProblem(registrationId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The registration id ${problem}.`);
  const own = await parts.store.find('individual', registrationId);
  const groups = await parts.store.groups();
  const stored = await parts.registrations.find(registrationId);
  const match = matchOf(own, groups, stored);
  const { enrollment } = match;
  const shown = {
    registrationId,
    groups: groups.map(({ id, attestation, status }) => ({ id, type: attestation.type, status })),
    registration: stored?.state,
  };
  if (enrollment === undefined) {
    return {
      ...shown,
      enrollment: undefined,
      allocationPolicy: undefined,
      candidates: [],
      hub: undefined,
      reason: match.reason,
      deviceId: undefined,
      initialTwin: undefined,
      iotEdge: false,
    };
  }
  return {
    ...shown,
    enrollment: { kind: enrollment === own ? 'individual' : 'group', id: enrollment.id, reason: match.reason },
    allocationPolicy: enrollment.allocationPolicy,
    candidates: candidatesOf(enrollment, parts.assignment.hubs()).map(({ hostName }) => hostName),
    ...forecastHub(parts, enrollment, registrationId, stored),
    deviceId: enrollment.deviceId ?? stored?.state.deviceId ?? registrationId,
    initialTwin: twinOf(enrollment),
    iotEdge: enrollment.iotEdge,
  };
}

interface Match {
  readonly enrollment: StoredEnrollment | undefined;
  readonly reason: string;
}

function matchOf(
  own: StoredEnrollment | undefined,
  groups: readonly StoredEnrollment[],
  stored: StoredRegistration | undefined,
): Match {
  if (own !== undefined)
    return {
      enrollment: own,
      reason: own.status === 'disabled' ? 'it is its own, and disabled: the device is refused' : 'it is its own',
    };
  const enabled = groups.filter(({ status }) => status === 'enabled');
  const former = groups.find(({ id }) => id === stored?.groupId);
  if (former !== undefined) {
    const reason =
      former.status === 'disabled'
        ? 'it registered by this group, which is disabled now'
        : 'it registered by this group';
    return { enrollment: former, reason };
  }
  const [only] = enabled;
  if (only !== undefined && enabled.length === 1)
    return { enrollment: only, reason: 'it is the only enabled group; the device needs a key or certificate of it' };
  const reason =
    enabled.length === 0
      ? 'There is neither an enrollment of this id nor an enabled group.'
      : 'There is no enrollment of this id. Which group takes the device depends on the key or certificate it brings.';
  return { enrollment: undefined, reason };
}

function forecastHub(
  { assignment }: ExplainParts,
  enrollment: StoredEnrollment,
  registrationId: string,
  stored: StoredRegistration | undefined,
): Pick<RegistrationForecast, 'hub' | 'reason'> {
  const hubs = assignment.hubs();
  const current = stored?.state.assignedHub === undefined ? undefined : findHub(hubs, stored.state.assignedHub);
  if (!enrollment.reprovisionPolicy.updateHubAssignment && current !== undefined)
    return { hub: current.hostName, reason: 'the device is there, and its enrollment never moves a device' };
  const { allocationPolicy: policy } = enrollment;
  if (policy === 'custom')
    return { hub: undefined, reason: `the webhook ${enrollment.webhook?.webhookUrl ?? ''} chooses it` };
  if (policy === 'geoLatency') return { hub: undefined, reason: 'it depends on where the device is' };
  const device = { registrationId, remote: undefined };
  const allocation = allocate(policy, device, candidatesOf(enrollment, hubs), assignment.latency);
  return { hub: allocation.hub?.hostName, reason: allocation.reason };
}

function twinOf({ tags, desired }: StoredEnrollment): JsonObject | undefined {
  if (tags === undefined && desired === undefined) return undefined;
  return { ...(tags && { tags }), properties: { ...(desired && { desired }) } };
}
