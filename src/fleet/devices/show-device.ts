import { isFailure } from '../../errors/index.ts';
import type { DeviceIdentity } from '../../protocol/identity.ts';
import type { Twin } from '../../protocol/twin/document.ts';
import type { JsonObject } from '../../std/json.ts';
import type { Hub } from '../ports.ts';
import { contentOf } from '../twins/content.ts';
import { knownTime } from './list-devices.ts';

/** Everything about one device; keys only when they were asked for. */
export interface DeviceDetails {
  readonly deviceId: string;
  readonly status: string;
  readonly statusReason: string | null;
  readonly connectionState: string;
  readonly connectionStateUpdatedTime: string | null;
  readonly lastActivityTime: string | null;
  readonly authenticationType: string;
  readonly generationId: string | null;
  readonly etag: string;
  readonly queuedMessages: number;
  /** Ids of its modules; null when they could not be read. */
  readonly modules: readonly string[] | null;
  readonly modelId: string | null;
  readonly tags: JsonObject | null;
  readonly desired: JsonObject | null;
  readonly reported: JsonObject | null;
  readonly primaryKey?: string | null;
  readonly secondaryKey?: string | null;
  readonly connectionString?: string;
}

export interface ShowOptions {
  readonly showSecrets: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Identity and twin of a device. A policy that may read only one of the two still shows that one; keys need the identity.
 * Failures: device-not-found, not-authorised.
 */
export async function showDevice(
  hub: Pick<Hub, 'devices' | 'modules' | 'twins' | 'deviceHostName'>,
  deviceId: string,
  { showSecrets, signal }: ShowOptions,
): Promise<DeviceDetails> {
  const [identity, twin, modules] = await Promise.allSettled([
    hub.devices.get(deviceId, signal),
    hub.twins.get(deviceId, signal),
    // Some hubs have no modules; that keeps nobody from seeing the device.
    listModuleIds(hub, deviceId, signal),
  ]);
  if (
    identity.status === 'rejected' &&
    (showSecrets || twin.status === 'rejected' || !isFailure(identity.reason, 'not-authorised'))
  ) {
    throw identity.reason;
  }
  if (twin.status === 'rejected' && !isFailure(twin.reason, 'not-authorised')) throw twin.reason;
  const device = identity.status === 'fulfilled' ? identity.value : undefined;
  const document = twin.status === 'fulfilled' ? twin.value : undefined;
  return {
    ...common(device, document, deviceId),
    modules: modules.status === 'fulfilled' ? modules.value : null,
    ...(showSecrets && device !== undefined && secretsOf(device, hub.deviceHostName)),
  };
}

async function listModuleIds(
  hub: Pick<Hub, 'modules'>,
  deviceId: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  return (await hub.modules.list(deviceId, signal)).map(({ moduleId }) => moduleId);
}

function common(
  device: DeviceIdentity | undefined,
  twin: Twin | undefined,
  deviceId: string,
): Omit<DeviceDetails, 'modules'> {
  return {
    deviceId,
    status: device?.status ?? twin?.status ?? '',
    statusReason: device?.statusReason ?? twin?.statusReason ?? null,
    connectionState: device?.connectionState ?? twin?.connectionState ?? '',
    connectionStateUpdatedTime: knownTime(device?.connectionStateUpdatedTime),
    lastActivityTime: knownTime(device?.lastActivityTime ?? twin?.lastActivityTime),
    authenticationType: device?.authentication.type ?? twin?.authenticationType ?? '',
    generationId: device?.generationId ?? null,
    etag: device?.etag ?? twin?.deviceEtag ?? '',
    queuedMessages: device?.cloudToDeviceMessageCount ?? twin?.cloudToDeviceMessageCount ?? 0,
    modelId: twin === undefined || twin.modelId === '' ? null : twin.modelId,
    tags: twin === undefined ? null : twin.tags,
    desired: twin === undefined ? null : contentOf(twin.properties.desired),
    reported: twin === undefined ? null : contentOf(twin.properties.reported),
  };
}

function secretsOf(device: DeviceIdentity, hostName: string): Partial<DeviceDetails> {
  const { primaryKey, secondaryKey } = device.authentication.symmetricKey;
  return {
    primaryKey,
    secondaryKey,
    ...(primaryKey !== null && {
      connectionString: `HostName=${hostName};DeviceId=${device.deviceId};SharedAccessKey=${primaryKey}`,
    }),
  };
}
