/** Brings a device to its hub, and says what became of it. Source: device.md §5.3, §5.7. */
import { isDeepStrictEqual } from 'node:util';
import { HubError } from '../../../protocol/hub-errors.ts';
import { isoTicks } from '../../../protocol/time.ts';
import type { RegistrationState, RegistrationSubstatus } from '../../../protocol/provisioning/index.ts';
import type { JsonValue } from '../../../std/json.ts';
import { generateKeys } from '../keys.ts';
import type { Admission } from './admitted.ts';
import { allocate, candidatesOf, findHub, registrationErrors } from './allocation.ts';
import { allocateByWebhook, type CustomAllocation } from './custom-allocation.ts';
import { newEtag } from './enrollment-store.ts';
import type { AllocationWebhook, HubCredential, HubDevice, LatencyTable, LinkedHub } from './ports.ts';

export interface AssignmentParts {
  readonly hubs: () => readonly LinkedHub[];
  readonly webhook: AllocationWebhook;
  readonly latency: LatencyTable;
  readonly now: () => number;
  /** Told of failures behind a registration that is answered as failed. */
  readonly onError: (error: unknown) => void;
}

export interface AssignmentRequest {
  readonly admission: Admission;
  readonly registrationId: string;
  readonly payload: JsonValue | undefined;
  readonly remote: string | undefined;
  /** What the last registration came to. */
  readonly before: RegistrationState | undefined;
}

interface Assigned {
  readonly state: RegistrationState;
  /** How the device proves itself now; undefined when the registration failed. */
  readonly credential: HubCredential | undefined;
}

/** Never rejects because of a hub or a webhook: their failures are the registration's. */
export async function assign(parts: AssignmentParts, request: AssignmentRequest): Promise<Assigned> {
  const allocation = await chooseHub(parts, request);
  if (allocation.hub === undefined)
    return { state: failedState(parts, request, allocation.errorCode, allocation.reason), credential: undefined };
  const credential = request.admission.credential ?? newKeys();
  try {
    const { deviceId, substatus } = await settle(parts, request, allocation, allocation.hub, credential);
    return { state: assignedState(parts, request, allocation, allocation.hub, deviceId, substatus), credential };
  } catch (error) {
    if (!(error instanceof HubError)) parts.onError(error);
    const why = error instanceof HubError ? error.message : 'it failed to handle the request.';
    const message = `The hub ${allocation.hub.hostName} did not take the device: ${why}`;
    return { state: failedState(parts, request, registrationErrors.hubRefused, message), credential: undefined };
  }
}

async function chooseHub(parts: AssignmentParts, request: AssignmentRequest): Promise<CustomAllocation> {
  const { admission, registrationId, remote, before } = request;
  const { enrollment } = admission;
  const current = before?.assignedHub === undefined ? undefined : findHub(parts.hubs(), before.assignedHub);
  if (!enrollment.reprovisionPolicy.updateHubAssignment && current !== undefined)
    return { hub: current, reason: 'the device is there, and its enrollment never moves a device' };
  const candidates = candidatesOf(enrollment, parts.hubs());
  if (enrollment.allocationPolicy !== 'custom')
    return allocate(enrollment.allocationPolicy, { registrationId, remote }, candidates, parts.latency);
  return allocateByWebhook(parts.webhook, {
    admission,
    registrationId,
    payload: request.payload,
    current: before,
    candidates,
  });
}

interface Settled {
  readonly deviceId: string;
  readonly substatus: RegistrationSubstatus;
}

async function settle(
  parts: AssignmentParts,
  { admission: { enrollment }, registrationId, before }: AssignmentRequest,
  { twin }: CustomAllocation,
  hub: LinkedHub,
  credential: HubCredential,
): Promise<Settled> {
  const deviceId = enrollment.deviceId ?? before?.deviceId ?? registrationId;
  const first = { tags: {}, desired: {}, ...(twin ?? pick(enrollment)) };
  const wanted = { deviceId, credential, iotEdge: enrollment.iotEdge, ...first };
  if (before?.assignedHub === undefined || before.deviceId === undefined) {
    await ensure(hub, wanted);
    return { deviceId, substatus: 'initialAssignment' };
  }
  const isSame = before.assignedHub.toLowerCase() === hub.hostName.toLowerCase() && before.deviceId === deviceId;
  if (isSame) {
    const there = await hub.read(deviceId);
    if (there === undefined) {
      await ensure(hub, wanted);
      return { deviceId, substatus: 'reprovisionedToInitialAssignment' };
    }
    if (!sameCredential(there.credential, credential) || there.iotEdge !== wanted.iotEdge)
      await hub.setCredential(deviceId, credential, wanted.iotEdge);
    return { deviceId, substatus: before.substatus ?? 'initialAssignment' };
  }
  const previous = findHub(parts.hubs(), before.assignedHub);
  const migrate = enrollment.reprovisionPolicy.migrateDeviceData;
  const old = migrate ? await previous?.read(before.deviceId) : undefined;
  await ensure(hub, old === undefined ? wanted : { ...wanted, tags: old.tags, desired: old.desired });
  await previous?.delete(before.deviceId);
  return { deviceId, substatus: migrate ? 'deviceDataMigrated' : 'deviceDataReset' };
}

function pick({ tags, desired }: Admission['enrollment']): Partial<Pick<HubDevice, 'tags' | 'desired'>> {
  return { ...(tags && { tags }), ...(desired && { desired }) };
}

/** A device that is there already, made by hand perhaps, keeps its twin and gets the credential of its enrollment. */
async function ensure(hub: LinkedHub, device: Parameters<LinkedHub['create']>[0]): Promise<void> {
  try {
    await hub.create(device);
  } catch (error) {
    if (!(error instanceof HubError) || error.symbol !== 'DeviceAlreadyExists') throw error;
    await hub.setCredential(device.deviceId, device.credential, device.iotEdge);
  }
}

function sameCredential(one: HubCredential | undefined, other: HubCredential): boolean {
  if (one?.type === 'sas' && other.type === 'sas')
    return one.primaryKey === other.primaryKey && one.secondaryKey === other.secondaryKey;
  return (
    one?.type === 'selfSigned' &&
    other.type === 'selfSigned' &&
    one.primaryThumbprint === other.primaryThumbprint &&
    one.secondaryThumbprint === other.secondaryThumbprint
  );
}

/** The keys of a device whose enrollment holds none: a TPM gets them sealed. */
function newKeys(): HubCredential {
  return { type: 'sas', ...generateKeys() };
}

/** Nothing changed: the registration stays as it was, its etag too (device.md §5.7). */
function assignedState(
  parts: AssignmentParts,
  { admission, registrationId, before }: AssignmentRequest,
  { payload }: CustomAllocation,
  hub: LinkedHub,
  deviceId: string,
  substatus: RegistrationSubstatus,
): RegistrationState {
  const now = isoTicks(parts.now());
  const facts = {
    registrationId: before?.registrationId ?? registrationId,
    createdDateTimeUtc: before?.createdDateTimeUtc ?? now,
    assignedHub: hub.hostName,
    deviceId,
    status: 'assigned' as const,
    substatus,
    ...admission.proof,
    ...(payload !== undefined && { payload }),
  };
  if (before !== undefined) {
    const same = { ...facts, lastUpdatedDateTimeUtc: before.lastUpdatedDateTimeUtc, etag: before.etag };
    if (isDeepStrictEqual(same, before)) return before;
  }
  return { ...facts, lastUpdatedDateTimeUtc: now, etag: newEtag() };
}

function failedState(
  parts: AssignmentParts,
  { registrationId, before }: AssignmentRequest,
  errorCode: number,
  errorMessage: string,
): RegistrationState {
  const now = isoTicks(parts.now());
  return {
    registrationId: before?.registrationId ?? registrationId,
    createdDateTimeUtc: before?.createdDateTimeUtc ?? now,
    // Where the device is stays known, so that a later registration can move it from there.
    ...(before?.assignedHub !== undefined && { assignedHub: before.assignedHub }),
    ...(before?.deviceId !== undefined && { deviceId: before.deviceId }),
    status: 'failed',
    errorCode,
    errorMessage,
    lastUpdatedDateTimeUtc: now,
    etag: newEtag(),
  };
}
