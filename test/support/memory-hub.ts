/** A hub in memory that offers what use-cases ask for; every request it gets is kept for the test to look at. */
import { notOffered as notOfferedPart } from './not-offered.ts';
import { Failure } from '../../src/errors/index.ts';
import type { Hub, TelemetryBatch, TelemetryRequest } from '../../src/fleet/ports.ts';
import type { BulkDevice, BulkResult, DeviceIdentity } from '../../src/protocol/identity.ts';
import type { MethodRequest, MethodResponse } from '../../src/protocol/method.ts';
import { evaluate, parseQuery, readPath } from '../../src/protocol/query/index.ts';
import type { TelemetryMessage } from '../../src/protocol/telemetry/index.ts';
import { isJsonObject, type JsonObject } from '../../src/std/json.ts';

interface MemoryDevice {
  readonly identity: DeviceIdentity;
  tags: JsonObject;
  desired: JsonObject;
}

export interface MemoryHub extends Hub {
  readonly stored: Map<string, MemoryDevice>;
  readonly queriesRun: string[];
  readonly bulks: (readonly BulkDevice[])[];
  readonly invoked: { readonly deviceId: string; readonly request: MethodRequest }[];
  readonly telemetryRequests: TelemetryRequest[];
  /** Answers commands; throws a Failure for a device that does not answer. */
  onInvoke: (deviceId: string, request: MethodRequest) => Promise<MethodResponse> | MethodResponse;
  /** Looks at each bulk first; may throw, or give errors by device. */
  onBulk: (devices: readonly BulkDevice[]) => Readonly<Record<string, string>>;
  onRead: (request: TelemetryRequest) => AsyncIterable<TelemetryBatch>;
  add(deviceId: string, tags?: JsonObject): void;
}

export function memoryHub(): MemoryHub {
  const stored = new Map<string, MemoryDevice>();
  const queriesRun: string[] = [];
  const bulks: (readonly BulkDevice[])[] = [];
  const invoked: { deviceId: string; request: MethodRequest }[] = [];
  const telemetryRequests: TelemetryRequest[] = [];
  const hub: MemoryHub = {
    stored,
    queriesRun,
    bulks,
    invoked,
    telemetryRequests,
    onInvoke: () => ({ status: 200, payload: null }),
    onBulk: () => ({}),
    onRead: () => {
      throw new Error('the test gives no telemetry');
    },
    add: (deviceId, tags = {}) => void apply(stored, { id: deviceId, importMode: 'create', tags }),
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
      async get(deviceId) {
        return (stored.get(deviceId) ?? missing(deviceId)).identity;
      },
      async put() {
        throw new Error('not offered');
      },
      async delete(deviceId) {
        stored.delete(deviceId);
      },
      async bulk(devices) {
        bulks.push(devices);
        if (new Set(devices.map(({ id }) => id)).size < devices.length)
          throw new Error('a device stands twice in one bulk');
        const refused = hub.onBulk(devices);
        const errors: BulkResult['errors'] = [];
        for (const device of devices) {
          const errorCode = refused[device.id] ?? apply(stored, device);
          if (errorCode !== undefined)
            errors.push({ deviceId: device.id, errorCode, errorStatus: `${errorCode} for ${device.id}` });
        }
        return { isSuccessful: errors.length === 0, errors, warnings: [] };
      },
    },
    twins: {
      get: async () => notOffered(),
      patch: async () => notOffered(),
      replace: async () => notOffered(),
    },
    queries: {
      async *query(text) {
        queriesRun.push(text);
        const query = parseQuery(text);
        const rows = [...stored.values()]
          .map(toTwin)
          .filter((twin) => query.where === undefined || evaluate(query.where, (path) => readPath(twin, path)));
        for (let at = 0; at < rows.length; at += 2) yield rows.slice(at, at + 2);
      },
    },
    methods: {
      async invoke(deviceId, request) {
        invoked.push({ deviceId, request });
        return hub.onInvoke(deviceId, request);
      },
    },
    telemetry: {
      read(request) {
        telemetryRequests.push(request);
        return hub.onRead(request);
      },
    },
    channel: {
      send: notOffered,
      feedback: notOffered,
      uploads: notOffered,
      close: async () => undefined,
    },
    close: async () => undefined,
  };
  return hub;
}

function notOffered(): never {
  throw new Error('not offered');
}

function missing(deviceId: string): never {
  throw new Failure('device-not-found', `device ${deviceId} does not exist`);
}

function toTwin({ identity, tags, desired }: MemoryDevice): JsonObject {
  return {
    deviceId: identity.deviceId,
    status: identity.status,
    tags,
    properties: { desired: { ...desired, $version: 1 }, reported: {} },
  };
}

/** Does what one element of a bulk says; the error code when it cannot. */
function apply(stored: Map<string, MemoryDevice>, device: BulkDevice): string | undefined {
  const present = stored.get(device.id);
  if (device.importMode === 'create') {
    if (present !== undefined) return 'DeviceAlreadyExists';
    stored.set(device.id, {
      identity: identityOf(device, 1),
      tags: device.tags ?? {},
      desired: device.properties?.desired ?? {},
    });
    return undefined;
  }
  if (present === undefined) return 'DeviceNotFound';
  if (device.importMode === 'updateTwin') {
    present.tags = merge(present.tags, device.tags ?? {});
    present.desired = merge(present.desired, device.properties?.desired ?? {});
    return undefined;
  }
  if (device.importMode === 'updateIfMatchETag' && device.eTag !== present.identity.etag) return 'PreconditionFailed';
  stored.set(device.id, { ...present, identity: identityOf(device, Number(present.identity.etag) + 1) });
  return undefined;
}

function identityOf(device: BulkDevice, version: number): DeviceIdentity {
  const keys = device.authentication?.symmetricKey;
  const made = Buffer.from(`key of ${device.id}, version ${version}`).toString('base64');
  return {
    deviceId: device.id,
    generationId: '1',
    etag: String(version),
    connectionState: 'Disconnected',
    status: device.status ?? 'enabled',
    statusReason: device.statusReason ?? null,
    connectionStateUpdatedTime: '0001-01-01T00:00:00Z',
    statusUpdatedTime: '0001-01-01T00:00:00Z',
    lastActivityTime: '0001-01-01T00:00:00Z',
    cloudToDeviceMessageCount: 0,
    authentication: {
      type: 'sas',
      symmetricKey: { primaryKey: keys?.primaryKey ?? made, secondaryKey: keys?.secondaryKey ?? made },
      x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    },
    capabilities: { iotEdge: false },
  };
}

function merge(present: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...present };
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name];
    merged[name] = isJsonObject(value) && isJsonObject(before) ? merge(before, value) : value;
  }
  return merged;
}

/** A telemetry message with a JSON body. */
export function message(
  deviceId: string,
  sequenceNumber: number,
  body: unknown,
  more: Partial<TelemetryMessage> = {},
): TelemetryMessage {
  return {
    deviceId,
    partition: 0,
    sequenceNumber,
    enqueuedTime: new Date(Date.UTC(2026, 0, 1) + sequenceNumber * 1_000).toISOString(),
    system: {},
    properties: {},
    body: body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)),
    ...more,
  };
}

/** One step of a telemetry stream. */
export function batch(messages: readonly TelemetryMessage[], more: Partial<TelemetryBatch> = {}): TelemetryBatch {
  return { messages, position: `0:${(messages.at(-1)?.sequenceNumber ?? -1) + 1}`, live: true, lost: 0, ...more };
}

export async function collect<Item>(items: AsyncIterable<Item> | Iterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The failure that the work ends with. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error(`expected a Failure, got ${String(error)}`);
}
