/** A hub and its devices in memory, in a time of their own: what rollouts are rehearsed and tested in. No network, no files. */
import { twinChangeBody } from '../../../protocol/twin/index.ts';
import type { DeviceStatus } from '../../../protocol/identity.ts';
import type { JsonObject } from '../../../std/json.ts';
import { createArtifactTable, type ArtifactTable } from './artifact-table.ts';
import { createEventLog } from './event-log.ts';
import { createRecordTable, type RecordTable } from './record-table.ts';
import { createTwinTable, viewTwin, type NewDevice, type StoredTwin } from './twin-table.ts';
import { virtualClock, type VirtualClock } from './virtual-clock.ts';
import { createWorldClient, type ClientOptions, type WorldClient } from './world-client.ts';
import { createWorldDevices, type WorldDevice } from './world-device.ts';
import type { Twin } from '../../../protocol/twin/document.ts';

export interface WorldOptions {
  /** Unix milliseconds at the beginning. */
  readonly start?: number;
  /** One way between a device and the hub, virtual time; 10 ms by default. */
  readonly deviceLatencyMs?: number;
  readonly hostName?: string;
}

export interface World {
  readonly clock: VirtualClock;
  readonly records: RecordTable;
  readonly artifacts: ArtifactTable;
  add(device: NewDevice): void;
  remove(deviceId: string): void;
  setStatus(deviceId: string, status: DeviceStatus): void;
  /** A device's own side of the hub. */
  device(deviceId: string): WorldDevice;
  /** An operator's connection, such as that of one controller. */
  connect(options?: ClientOptions): WorldClient;
  /** A twin as it is now, without any connection. */
  twin(deviceId: string): Twin;
  twins(): Iterable<Twin>;
  /** Telemetry of a device, as if it had sent it. */
  telemetry(deviceId: string, body: JsonObject): void;
  /** Told of each write of a twin, by whomever. */
  onTwinChange(listener: (before: StoredTwin, after: StoredTwin) => void): void;
}

const twinChange = {
  source: 'twinChangeEvents',
  schema: 'twinChangeNotification',
  operation: 'updateTwin',
} as const;

export function createWorld(options: WorldOptions = {}): World {
  const { deviceLatencyMs: latencyMs = 10, hostName = 'rehearsal' } = options;
  const clock = virtualClock(options.start);
  const listeners: ((before: StoredTwin, after: StoredTwin) => void)[] = [];
  const log = createEventLog(clock, hostName);
  const twins = createTwinTable(clock, (before, after) => {
    log.event(after.deviceId, twinChange, () => twinChangeBody(before, after) ?? {});
    for (const listener of listeners) listener(before, after);
  });
  const devices = createWorldDevices({ clock, twins, log, latencyMs });
  const records = createRecordTable();
  const artifacts = createArtifactTable(clock, hostName);
  const parts = {
    hostName,
    clock,
    records,
    artifacts,
    log,
    twins: {
      ...twins,
      patch(deviceId: string, change: Parameters<typeof twins.patch>[1], etag: string | undefined) {
        const after = twins.patch(deviceId, change, etag);
        const desired = change.properties?.desired;
        if (desired !== undefined) devices.desiredChanged(deviceId, desired, after.desired.version);
        return after;
      },
    },
  };
  return {
    clock,
    records,
    artifacts,
    add: (device) => twins.add(device),
    remove: (deviceId) => twins.remove(deviceId),
    setStatus: (deviceId, status) => twins.setStatus(deviceId, status),
    device: (deviceId) => devices.device(deviceId),
    connect: (clientOptions) => createWorldClient(parts, clientOptions),
    twin: (deviceId) => viewTwin(twins.read(deviceId)),
    *twins() {
      for (const twin of twins.all()) yield viewTwin(twin);
    },
    telemetry: (deviceId, body) => log.telemetry(deviceId, body),
    onTwinChange: (listener) => void listeners.push(listener),
  };
}
