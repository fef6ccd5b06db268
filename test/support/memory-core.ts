/** A hub core in memory: just enough behind the fronts to see what they ask of it. */
import { createMessages } from '../../src/hub/core/messages/messages.ts';
import { pathOfSession } from '../../src/hub/core/sessions/sessions.ts';
import { HubError } from '../../src/protocol/hub-errors.ts';
import { identityNames } from '../../src/protocol/identity-path.ts';
import type { RunOutcome, Sender, StoredFilter, TelemetryLog } from '../../src/hub/core/ports.ts';
import type { DeviceSession, SessionEnd, SessionService } from '../../src/hub/core/services.ts';
import type { MqttCore } from '../../src/hub/mqtt/context.ts';
import type { Clock } from '../../src/std/clock.ts';
import type { JsonObject } from '../../src/std/json.ts';
import { memoryDocuments, type MemoryDocuments } from './memory-documents.ts';

interface AppendedMessage {
  readonly sender: Sender;
  readonly enqueuedTime: number;
  readonly bag: string;
  readonly body: string;
}

/** A log that stores when it is told to. */
interface MemoryLog extends TelemetryLog {
  readonly messages: AppendedMessage[];
  /** Keeps back the `stored` callbacks until {@link release}. */
  holding: boolean;
  /** Makes `append` answer false until {@link drain}. */
  full: boolean;
  /** What storing fails with. */
  error: Error | undefined;
  /** When set, the messages of a run are settled one by one. */
  outcomeOf: ((message: AppendedMessage) => RunOutcome) | undefined;
  release(): void;
  /** Tells of what was appended last before all that waits. */
  releaseLast(): void;
  drain(): void;
}

function memoryLog(): MemoryLog {
  const waiting: ((error?: Error) => void)[] = [];
  let drainers: (() => void)[] = [];
  const log: MemoryLog = {
    messages: [],
    holding: false,
    outcomeOf: undefined,
    full: false,
    error: undefined,
    append(sender, enqueuedTime, bag, body, stored) {
      log.messages.push({ sender, enqueuedTime, bag, body: Buffer.from(body).toString('utf8') });
      waiting.push(stored);
      if (!log.holding) queueMicrotask(() => log.release());
      return !log.full;
    },
    appendRun(sender, enqueuedTime, bag, { buffer, bounds, count }, settled) {
      for (let index = 0; index < count; index++) {
        const body = Buffer.from(buffer.subarray(bounds[index * 2], bounds[index * 2 + 1])).toString('utf8');
        log.messages.push({ sender, enqueuedTime, bag, body });
      }
      const { outcomeOf } = log;
      if (outcomeOf === undefined) waiting.push((error) => settled(0, count, error ?? 'stored'));
      else
        for (const [index, message] of log.messages.slice(-count).entries())
          waiting.push(() => settled(index, 1, outcomeOf(message)));
      if (!log.holding) queueMicrotask(() => log.release());
      return !log.full;
    },
    note: (...message) => void log.append(...message),
    storeNotes: () => undefined,
    drained: () => (log.full ? new Promise((resolve) => drainers.push(resolve)) : Promise.resolve()),
    release() {
      for (const stored of waiting.splice(0)) stored(log.error);
    },
    releaseLast() {
      waiting.pop()?.();
    },
    drain() {
      log.full = false;
      for (const wake of drainers.splice(0)) wake();
      drainers = [];
    },
    read: unused,
    head: () => Promise.resolve(new Map()),
    partitions: () => Promise.resolve([]),
    stats: () =>
      Promise.resolve({
        partitions: 1,
        messages: 0,
        bytes: 0,
        oldestTime: undefined,
        newestTime: undefined,
        followers: 0,
      }),
    prune: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return log;
}

interface MemoryDevice {
  token: string;
  disabled?: boolean;
  expiresAt?: number | undefined;
  reported: JsonObject;
  desired: JsonObject;
}

export interface MemoryCore extends MqttCore {
  readonly telemetry: MemoryLog;
  /** Where messages are stored. */
  readonly documents: MemoryDocuments;
  readonly devices: Map<string, MemoryDevice>;
  readonly sessions: SessionService & {
    readonly stored: Map<string, readonly StoredFilter[]>;
    readonly touched: Set<string>;
  };
  readonly answers: { deviceId: string; requestId: string; status: number | undefined; payload: string }[];
  /** Awaited inside twin and credential work, to hold it up. */
  pace: Promise<void>;
  /** What the next service call throws. */
  failure: Error | undefined;
  endSession(deviceId: string, reason: SessionEnd): void;
}

function unused(): never {
  throw new Error('not used in these tests');
}

export function memoryCore(clock: Clock): MemoryCore {
  const live = new Map<string, DeviceSession>();
  const devices = new Map<string, MemoryDevice>();
  const answers: MemoryCore['answers'] = [];
  const stored = new Map<string, readonly StoredFilter[]>();
  const touched = new Set<string>();
  async function step(): Promise<void> {
    await core.pace;
    if (core.failure !== undefined) throw core.failure;
  }
  function known(deviceId: string): MemoryDevice {
    const device = devices.get(deviceId);
    if (device === undefined) throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
    return device;
  }
  const documents = memoryDocuments();
  const messages = createMessages({
    documents,
    clock,
    feedback: {
      load: () => Promise.resolve(),
      prepare: () => ({ changes: [], stored: () => undefined }),
      close: unused,
    },
    generationOf: () => Promise.resolve('1'),
    generationsOf: () => Promise.resolve(new Map()),
    onError: unused,
  });
  const core: MemoryCore = {
    documents,
    devices,
    answers,
    pace: Promise.resolve(),
    failure: undefined,
    telemetry: memoryLog(),
    endSession: (deviceId, reason) => live.get(deviceId)?.close(reason),
    gatekeeper: {
      async authenticateDevice({ identity: deviceId, token, modelId = '' }) {
        await step();
        const device = known(deviceId);
        if (device.token !== token) throw new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
        if (device.disabled === true) throw new HubError('DeviceDisabled', 'disabled');
        const auth = { scope: 'device', type: 'sas', issuer: 'iothub' } as const;
        return {
          sender: { ...identityNames(deviceId), source: 'Telemetry', generationId: '1', auth, modelId },
          credential: 'primaryKey',
          expiresAt: device.expiresAt,
          identityCounter: 1,
        };
      },
      authorizeEventHub: unused,
      authorizeEventHubKey: unused,
      authorizeService: unused,
    },
    twins: {
      get: unused,
      patch: unused,
      replace: unused,
      async readAsDevice(deviceId) {
        await step();
        const { desired, reported } = known(deviceId);
        return { desired: { ...desired }, reported: { ...reported } };
      },
      async patchReported(deviceId, patch) {
        await step();
        if (typeof patch !== 'object' || patch === null) throw new HubError('ArgumentInvalid', 'not an object');
        const device = known(deviceId);
        const version = Number(device.reported['$version'] ?? 1) + 1;
        device.reported = { ...device.reported, ...(patch as JsonObject), $version: version };
        return version;
      },
    },
    sessions: {
      stored,
      touched,
      attach(session) {
        const identity = pathOfSession(session);
        const older = live.get(identity);
        live.set(identity, session);
        older?.close('displaced');
      },
      detach(session) {
        const identity = pathOfSession(session);
        if (live.get(identity) === session) live.delete(identity);
      },
      methodsChanged: () => undefined,
      find: (deviceId) => live.get(deviceId),
      touch: (deviceId) => touched.add(deviceId),
      get size() {
        return live.size;
      },
      readSubscriptions: (deviceId) => Promise.resolve(stored.get(deviceId)),
      writeSubscriptions(deviceId, filters) {
        if (filters === undefined) stored.delete(deviceId);
        else stored.set(deviceId, filters);
        return Promise.resolve();
      },
    },
    messages,
    provisioning: { devices: { register: unused, status: unused } } as unknown as MemoryCore['provisioning'],
    commands: {
      invoke: unused,
      answer: (deviceId, requestId, status, payload) => answers.push({ deviceId, requestId, status, payload }),
    },
  };
  return core;
}
