/** A hub in memory with identities, etags and twins, for use-cases that look at devices and change them. */
import { notOffered as notOfferedPart } from './not-offered.ts';
import { Failure } from '../../src/errors/index.ts';
import type { Hub } from '../../src/fleet/ports.ts';
import type { DeviceIdentity } from '../../src/protocol/identity.ts';
import { evaluate, parseQuery, readPath } from '../../src/protocol/query/index.ts';
import type { Twin, TwinChange } from '../../src/protocol/twin/document.ts';
import { isJsonObject, type JsonObject } from '../../src/std/json.ts';

export interface StoredDevice {
  identity: DeviceIdentity;
  tags: JsonObject;
  desired: JsonObject;
  reported: JsonObject;
  twinVersion: number;
}

export interface RegistryHub extends Hub {
  readonly stored: Map<string, StoredDevice>;
  /** Names of the calls made, as `put pump-1`. */
  readonly calls: string[];
  add(deviceId: string, part?: Partial<Omit<StoredDevice, 'identity'>> & { identity?: Partial<DeviceIdentity> }): void;
  /** Runs before each call and may throw. */
  before: (call: string) => void;
}

export function registryHub(): RegistryHub {
  const stored = new Map<string, StoredDevice>();
  const calls: string[] = [];
  const find = (call: string, deviceId: string): StoredDevice => {
    calls.push(`${call} ${deviceId}`);
    hub.before(`${call} ${deviceId}`);
    const device = stored.get(deviceId);
    if (device === undefined) throw new Failure('device-not-found', `device ${deviceId} does not exist`);
    return device;
  };
  const patch = async (deviceId: string, change: TwinChange, etag: string | undefined): Promise<Twin> => {
    const device = find('patch', deviceId);
    if (etag !== undefined && etag !== '*' && etag !== String(device.twinVersion))
      throw new Failure('changed-meanwhile', 'changed meanwhile');
    device.tags = merge(device.tags, change.tags ?? {});
    device.desired = merge(device.desired, change.properties?.desired ?? {});
    device.twinVersion++;
    return twinOf(device);
  };
  const hub: RegistryHub = {
    stored,
    calls,
    before: () => undefined,
    add(deviceId, part = {}) {
      const identity = { ...newIdentity(deviceId), ...part.identity };
      stored.set(deviceId, { tags: {}, desired: {}, reported: {}, twinVersion: 1, ...part, identity });
    },
    hostName: 'memory',
    deviceHostName: 'devices.example',
    modules: notOfferedPart('modules'),
    identities: notOfferedPart('identities'),
    certificates: notOfferedPart('certificates'),
    containers: notOfferedPart('containers'),
    jobs: notOfferedPart('jobs'),
    configurations: notOfferedPart('configurations'),
    faults: notOfferedPart('faults'),
    audit: notOfferedPart('audit'),
    records: notOfferedPart('records'),
    artifacts: notOfferedPart('artifacts'),
    messages: notOfferedPart('messages'),
    devices: {
      get: async (deviceId) => structuredClone(find('get', deviceId).identity),
      async put(device, { etag } = {}) {
        const present = find('put', device.deviceId);
        if (etag !== present.identity.etag) throw new Failure('changed-meanwhile', 'changed meanwhile');
        present.identity = { ...present.identity, ...device, etag: `${present.identity.etag}+` };
        return present.identity;
      },
      async delete(deviceId) {
        find('delete', deviceId);
        stored.delete(deviceId);
      },
      async bulk(devices) {
        calls.push(`bulk ${devices.length}`);
        hub.before(`bulk ${devices.length}`);
        const absent = devices.filter(({ id }) => !stored.delete(id));
        const errors = absent.map(({ id }) => ({
          deviceId: id,
          errorCode: 'DeviceNotFound',
          errorStatus: 'not there',
        }));
        return { isSuccessful: errors.length === 0, errors, warnings: [] };
      },
    },
    twins: {
      get: async (deviceId) => twinOf(find('twin', deviceId)),
      patch: async (deviceId, change, options) => patch(deviceId, change, options?.etag),
      replace: async () => {
        throw new Error('not offered');
      },
    },
    queries: {
      async *query(text) {
        calls.push(text);
        hub.before(text);
        const query = parseQuery(text);
        const twins = [...stored.values()].map((device) => twinOf(device) as unknown as JsonObject);
        const rows = twins.filter(
          (twin) => query.where === undefined || evaluate(query.where, (path) => readPath(twin, path)),
        );
        const shown = rows.slice(0, query.top).map((row) => {
          if (query.select === 'all') return row;
          return Object.fromEntries(
            query.select.flatMap((item) =>
              item.kind === 'path' ? [[item.name, readPath(row, item.segments) ?? null]] : [],
            ),
          );
        });
        for (let at = 0; at < shown.length; at += 2) yield shown.slice(at, at + 2);
      },
    },
    methods: {
      invoke: async () => {
        throw new Error('not offered');
      },
    },
    telemetry: {
      read: () => {
        throw new Error('not offered');
      },
    },
    channel: {
      send: async () => {
        throw new Error('not offered');
      },
      feedback: () => {
        throw new Error('not offered');
      },
      uploads: () => {
        throw new Error('not offered');
      },
      close: async () => undefined,
    },
    close: async () => undefined,
  };
  return hub;
}

function newIdentity(deviceId: string): DeviceIdentity {
  return {
    deviceId,
    generationId: '1',
    etag: 'e1',
    connectionState: 'Disconnected',
    status: 'enabled',
    statusReason: null,
    connectionStateUpdatedTime: '0001-01-01T00:00:00Z',
    statusUpdatedTime: '0001-01-01T00:00:00Z',
    lastActivityTime: '0001-01-01T00:00:00Z',
    cloudToDeviceMessageCount: 0,
    authentication: {
      type: 'sas',
      symmetricKey: { primaryKey: 'cHJpbWFyeQ==', secondaryKey: 'c2Vjb25kYXJ5' },
      x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    },
    capabilities: { iotEdge: false },
  };
}

function twinOf({ identity, tags, desired, reported, twinVersion }: StoredDevice): Twin {
  const { deviceId, etag, status, connectionState, lastActivityTime } = identity;
  const time = '2026-01-01T00:00:00Z';
  return {
    deviceId,
    etag: String(twinVersion),
    deviceEtag: etag,
    status,
    statusUpdateTime: time,
    connectionState,
    lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authenticationType: 'sas',
    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    modelId: '',
    version: twinVersion,
    tags: structuredClone(tags),
    properties: {
      desired: { ...structuredClone(desired), $metadata: { $lastUpdated: time }, $version: twinVersion },
      reported: { ...structuredClone(reported), $metadata: { $lastUpdated: time }, $version: 1 },
    },
    capabilities: { iotEdge: false },
  };
}

function merge(present: JsonObject, change: JsonObject): JsonObject {
  const merged: JsonObject = { ...present };
  for (const [name, value] of Object.entries(change)) {
    const before = merged[name];
    if (value === null) delete merged[name];
    else merged[name] = isJsonObject(value) ? merge(isJsonObject(before) ? before : {}, value) : value;
  }
  return merged;
}
