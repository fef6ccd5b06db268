import { Failure } from '../../../errors/index.ts';
import type { DeviceTwin } from '../../../protocol/twin/document.ts';
import { readSection } from '../../../protocol/twin/index.ts';
import type { Clock } from '../../../std/clock.ts';
import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import type { DeviceConnection } from '../../../device/index.ts';
import type { EventLog } from './event-log.ts';
import type { TwinTable } from './twin-table.ts';

/** A device's side of a world's hub; not connected at first. Works as a connection over MQTT does, with a link that others cut. */
export interface WorldDevice extends DeviceConnection {
  /** Brings the link up: the device is told its desired properties whole. */
  connect(): void;
  /** Cuts the link: what is sent waits for the next one, up to its deadline. */
  disconnect(): void;
}

export interface WorldDevices {
  /** One side for each id; the same one each time. */
  device(deviceId: string): WorldDevice;
  /** A service has written desired properties; `undefined` for a twin that is gone. */
  desiredChanged(deviceId: string, patch: JsonObject, version: number): void;
}

export interface DeviceParts {
  readonly clock: Clock;
  readonly twins: TwinTable;
  readonly log: EventLog;
  /** One way over the network, virtual time. */
  readonly latencyMs: number;
}

/** As a connection over MQTT waits for an answer. */
const deadlineMs = 30_000;

export function createWorldDevices(parts: DeviceParts): WorldDevices {
  const devices = new Map<string, { readonly device: WorldDevice; readonly told: DesiredSink }>();
  return {
    device(deviceId) {
      const known = devices.get(deviceId);
      if (known !== undefined) return known.device;
      const made = createWorldDevice(deviceId, parts);
      devices.set(deviceId, made);
      return made.device;
    },
    desiredChanged: (deviceId, patch, version) => devices.get(deviceId)?.told(patch, version),
  };
}

type DesiredSink = (patch: JsonObject, version: number) => void;
type DesiredListener = Parameters<DeviceConnection['onDesired']>[0];
type StateListener = Parameters<DeviceConnection['onState']>[0];

function createWorldDevice(deviceId: string, parts: DeviceParts): { device: WorldDevice; told: DesiredSink } {
  const { clock, twins, log, latencyMs } = parts;
  const stateListeners = new Set<StateListener>();
  let waiting = new Set<() => void>();
  let listener: DesiredListener | undefined;
  let connected = false;
  /** Changes with each link: what is on its way over an older one does not arrive. */
  let link = 0;
  let known = -1;

  const tell = (desired: JsonObject, version: number, complete: boolean): void => {
    const over = link;
    clock.after(latencyMs, () => {
      if (!connected || link !== over || version <= known) return;
      known = version;
      listener?.({ desired, version, complete });
    });
  };
  const tellAll = (): void => {
    const { content, version } = twins.read(deviceId).desired;
    if (connected && listener !== undefined) tell(content, version, true);
  };
  /** One request and its answer, over this link or a later one. */
  const request = <Result>(work: () => Result): Promise<Result> =>
    new Promise((resolve, reject) => {
      const cancel = clock.after(deadlineMs, () => {
        waiting.delete(send);
        reject(new Failure('hub-unreachable', `no link to the hub for ${deadlineMs / 1_000} s`, { retryable: true }));
      });
      const send = (): void => {
        const over = link;
        clock.after(latencyMs, () => {
          if (!connected || link !== over) return void waiting.add(send);
          cancel();
          try {
            resolve(work());
          } catch (error) {
            reject(error);
          }
        });
      };
      if (connected) send();
      else waiting.add(send);
    });
  const setConnected = (next: boolean): void => {
    if (connected === next) return;
    connected = next;
    link++;
    twins.connection(deviceId, next);
    tellConnection(log, deviceId, next);
    for (const hear of stateListeners)
      hear(
        next
          ? { kind: 'connected', sessionPresent: false }
          : { kind: 'lost', reason: 'the link was cut', retryInMs: 0 },
      );
  };

  const device: WorldDevice = {
    deviceId,
    get connected() {
      return connected;
    },
    connect() {
      if (connected) return;
      setConnected(true);
      tellAll();
      const due = waiting;
      waiting = new Set();
      for (const send of due) send();
    },
    disconnect: () => setConnected(false),
    sendTelemetry: (body, options) =>
      request(() => {
        if (isJsonObject(body)) log.telemetry(deviceId, body, options?.properties);
      }),
    getTwin: () => request(() => readAsDevice(twins, deviceId)),
    reportProperties: (patch) => request(() => twins.report(deviceId, patch)),
    onDesired(next) {
      listener = next;
      tellAll();
    },
    onMethod: () => undefined,
    onState(hear) {
      stateListeners.add(hear);
      return () => void stateListeners.delete(hear);
    },
    drained: async () => undefined,
    close: async () => setConnected(false),
  };
  return { device, told: (patch, version) => void (connected && tell(patch, version, false)) };
}

function readAsDevice(twins: TwinTable, deviceId: string): DeviceTwin {
  const { desired, reported } = twins.read(deviceId);
  return {
    desired: readSection(desired, { metadata: false }),
    reported: readSection(reported, { metadata: false }),
  };
}

function tellConnection(log: EventLog, deviceId: string, connected: boolean): void {
  const kind = {
    source: 'deviceConnectionStateEvents',
    schema: 'deviceConnectionStateNotification',
    operation: connected ? 'deviceConnected' : 'deviceDisconnected',
  } as const;
  log.event(deviceId, kind, () => ({}));
}
