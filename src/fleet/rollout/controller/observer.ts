import { isFailure } from '../../../errors/index.ts';
import { bodyAsJson, type TelemetryMessage } from '../../../protocol/telemetry/index.ts';
import { sleep } from '../../../std/clock.ts';
import type { Spec } from '../model/spec.ts';
import { insist, type Patience } from './backoff.ts';
import { createFleetView, type FleetView } from './fleet-view.ts';
import type { ControllerEvent, ControllerPorts } from './ports.ts';
import { readTwins } from './read-twins.ts';
import { createWake } from './wake.ts';

export interface Observer {
  readonly view: FleetView;
  /** Reads every watched device, and keeps the view up to date until the signal aborts; resolves when the first reading is done. */
  start(signal: AbortSignal): Promise<void>;
  /** The twin is not what it was taken for. */
  doubt(deviceId: string): void;
  readonly counts: { readonly twinReads: number; readonly events: number };
}

interface ObserverOptions {
  readonly ports: Pick<ControllerPorts, 'hub' | 'clock' | 'random' | 'watch'>;
  readonly spec: Spec;
  /** False where every device that matches is planned, or meant to be left out. */
  readonly takesJoiners: boolean;
  /** Unix milliseconds by the hub's clock. */
  readonly now: () => number;
  /** Something has changed. */
  readonly onChange: () => void;
  /** Watching has ended by an error that does not pass. */
  readonly onFailure: (error: unknown) => void;
  readonly onTrouble: (trouble: Omit<Extract<ControllerEvent, { kind: 'trouble' }>, 'rollout' | 'kind'>) => void;
}

/** Doubts are gathered: those of a moment are answered by one query, and the answer to a write often comes before its event is read. */
const gatherMs = 50;

/** While events arrive, reading everything again only finds what events do not tell. */
const fullReadMs = 600_000;
/** Without events: so long for each device, and never shorter than the floor. */
const pollMsPerDevice = 3;
const pollFloorMs = 5_000;
const joinersMs = { events: 10_000, poll: 60_000 } as const;

/** Watches the devices of a rollout. Levels, not edges: what an event does not tell is found by reading. */
export function createObserver({ ports, spec, takesJoiners, now, ...tell }: ObserverOptions): Observer {
  const { hub, clock, random } = ports;
  const { onChange, onTrouble, onFailure } = tell;
  const view = createFleetView(now);
  const doubted = new Map<string, number>();
  const doubts = createWake(clock);
  const readAgain = createWake(clock);
  let twinReads = 0;
  let events = 0;

  function doubt(deviceId: string, version = Number.POSITIVE_INFINITY): void {
    doubted.set(deviceId, Math.max(version, doubted.get(deviceId) ?? 0));
    doubts.call();
  }

  const patience: Patience = {
    clock,
    random,
    onTrouble(trouble) {
      onTrouble(trouble);
      readAgain.call();
    },
  };

  async function readAll(signal: AbortSignal): Promise<void> {
    twinReads += await insist(patience, () => readTwins(hub, view, view.watched, signal), signal);
    onChange();
  }

  async function findJoiners(signal: AbortSignal): Promise<void> {
    const { where } = spec.target;
    if (!takesJoiners || where === undefined) return;
    const found: string[] = [];
    for await (const page of hub.queries.query(`SELECT deviceId FROM devices WHERE ${where}`, { signal }))
      for (const { deviceId } of page)
        if (typeof deviceId === 'string' && !view.watched.has(deviceId)) found.push(deviceId);
    if (found.length === 0) return;
    view.watch(found);
    twinReads += await readTwins(hub, view, found, signal);
    onChange();
  }

  /** One stream of events; `begun` is called when nothing is missed any more. */
  async function followEvents(begun: () => void, signal: AbortSignal): Promise<void> {
    const sources = ['twinChangeEvents', 'deviceConnectionStateEvents', 'deviceLifecycleEvents'] as const;
    for await (const batch of hub.telemetry.read({ from: 'latest', follow: true, sources, signal })) {
      begun();
      if (batch.lost > 0) readAgain.call();
      for (const message of batch.messages) takeMessage(message);
      if (batch.messages.length > 0) onChange();
    }
  }

  function takeMessage(message: TelemetryMessage): void {
    const { deviceId, moduleId, source } = message;
    if (moduleId !== undefined || !view.watched.has(deviceId)) return;
    events++;
    if (source === 'twinChangeEvents') {
      // Most of what is known already is this controller's own writing, which carries a whole offer.
      if (leadingVersion(message.body) <= view.versionOf(deviceId)) return;
      const body = bodyAsJson(message) ?? null;
      const version =
        typeof body === 'object' && body !== null && 'version' in body ? Number(body['version']) : undefined;
      if (view.takeChange(deviceId, body) === 'stale') doubt(deviceId, version);
    } else if (source === 'deviceConnectionStateEvents') {
      view.setConnected(deviceId, message.properties['opType'] === 'deviceConnected');
    } else doubt(deviceId);
  }

  async function settleDoubts(signal: AbortSignal): Promise<void> {
    for (;;) {
      await doubts.wait(Number.POSITIVE_INFINITY, signal);
      await sleep(clock, gatherMs, signal);
      const due = [...doubted].filter(([deviceId, version]) => view.versionOf(deviceId) < version);
      doubted.clear();
      if (due.length === 0) continue;
      const ids = due.map(([deviceId]) => deviceId);
      twinReads += await insist(patience, () => readTwins(hub, view, ids, signal), signal);
      onChange();
    }
  }

  async function readOften(intervalMs: () => number, signal: AbortSignal): Promise<void> {
    for (;;) {
      await readAgain.wait(intervalMs(), signal);
      await readAll(signal);
    }
  }

  async function lookForJoiners(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(clock, joinersMs[ports.watch], signal);
      await insist(patience, () => findJoiners(signal), signal);
    }
  }

  /** Follows the events where the hub has them; answers whether it does. */
  async function beginEvents(signal: AbortSignal, tasks: Promise<void>[]): Promise<boolean> {
    if (ports.watch === 'poll') return false;
    const { promise: begun, resolve } = Promise.withResolvers<boolean>();
    const follow = async (): Promise<void> => {
      for (;;) {
        await insist(patience, () => followEvents(() => resolve(true), signal), signal);
        // What happened between two streams is in no event.
        readAgain.call();
      }
    };
    tasks.push(
      follow().catch((error: unknown) => {
        if (!isFailure(error, 'unsupported')) throw error;
        resolve(false);
      }),
    );
    // A hub that is away must not keep the reading from beginning: that waits for it by itself.
    return Promise.race([begun, sleep(clock, 5_000, signal).then(() => true)]);
  }

  return {
    view,
    doubt,
    counts: {
      get twinReads() {
        return twinReads;
      },
      get events() {
        return events;
      },
    },
    async start(signal) {
      const tasks: Promise<void>[] = [];
      const hasEvents = await beginEvents(signal, tasks);
      await readAll(signal);
      await insist(patience, () => findJoiners(signal), signal);
      tasks.push(
        settleDoubts(signal),
        readOften(() => (hasEvents ? fullReadMs : pollMs(view.watched.size)), signal),
        lookForJoiners(signal),
      );
      for (const task of tasks) task.catch((error: unknown) => signal.aborted || onFailure(error));
    },
  };
}

function pollMs(devices: number): number {
  return Math.max(pollFloorMs, devices * pollMsPerDevice);
}

/** The version of the twin where an event begins with it, as those of iotctl's hub do; else more than any. */
function leadingVersion(body: Uint8Array): number {
  const [, digits] = /^\{"version":(\d+)/.exec(Buffer.from(body.subarray(0, 32)).toString('latin1')) ?? [];
  return digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
}
