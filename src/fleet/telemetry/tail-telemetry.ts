import { Failure } from '../../errors/index.ts';
import type { MessageSource, TelemetryMessage } from '../../protocol/telemetry/index.ts';
import type { Clock } from '../../std/clock.ts';
import { isGlob, matchGlob } from '../../std/glob.ts';
import type { Hub, LinkEvent, TelemetryBatch, TelemetryRequest } from '../ports.ts';
import { messageCondition, type MessageCondition } from './message-condition.ts';
import { createTwinCache, type TwinCache } from './twin-cache.ts';

export interface TailRequest {
  /** Ids and globs; all devices when empty. */
  readonly devices: readonly string[];
  /** Telemetry alone when absent. */
  readonly sources?: readonly MessageSource[] | undefined;
  /** Only messages that pass this; the other conditions and the count are about those. */
  readonly accepts?: ((message: TelemetryMessage) => boolean) | undefined;
  /** Of the Event Hubs-compatible endpoint of a hub in the cloud; that of the profile when absent. */
  readonly consumerGroup?: string | undefined;
  /** Only messages for which this holds; see {@link messageCondition}. */
  readonly where?: string | undefined;
  /** Unix ms: begin with what was stored then; only new messages when absent. */
  readonly since?: number | undefined;
  /** Unix ms: stop before what was stored from then on. */
  readonly until?: number | undefined;
  /** What is counted, in failures; messages when absent. */
  readonly counted?: 'events' | undefined;
  /** Stop after so many messages. */
  readonly count?: number | undefined;
  /** Stop after so many milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: TailEvent) => void;
}

export type TailEvent =
  | { readonly kind: 'lost-link'; readonly reason: string }
  /** The link is back and everything missed meanwhile has been given. */
  | { readonly kind: 'caught-up'; readonly afterMs: number; readonly messages: number }
  /** Retention removed messages before they could be read. */
  | { readonly kind: 'lost-messages'; readonly messages: number };

/** How long a tail waits for the hub to end the stream at `until` by itself. */
const untilGraceMs = 1_000;

/**
 * Follows telemetry: batches as the hub sends them, without gap or repeat across restarts of the hub. Ends at `count`, `until`,
 * `timeout` or the signal. Failures: timed-out (a `count` was asked for and not reached), invalid-query, and those of the hub.
 */
export async function* tailTelemetry(
  hub: Pick<Hub, 'telemetry' | 'queries'>,
  clock: Clock,
  request: TailRequest,
): AsyncGenerator<readonly TelemetryMessage[], void, undefined> {
  const condition = request.where === undefined ? undefined : messageCondition(request.where);
  const limits = startLimits(clock, request);
  const twins = createTwinCache(hub, clock, limits.signal);
  const link = watchLink(request.onEvent);
  const mine = fitsRequest(request.devices) ? undefined : deviceFilter(request.devices);
  const accepts = (message: TelemetryMessage): boolean =>
    (mine === undefined || mine(message)) && (request.accepts === undefined || request.accepts(message));
  const passes = mine === undefined && request.accepts === undefined ? undefined : accepts;
  let left = request.count ?? Number.POSITIVE_INFINITY;
  try {
    for await (const batch of hub.telemetry.read(streamRequest(clock, request, limits.signal, link.onLink))) {
      link.onBatch(batch);
      const wanted = await filter(
        passes === undefined ? batch.messages : batch.messages.filter(passes),
        condition,
        twins,
      );
      const given = wanted.length > left ? wanted.slice(0, left) : wanted;
      left -= given.length;
      if (given.length > 0) yield given;
      if (left <= 0) return;
    }
  } catch (error) {
    if (!limits.ended()) throw error;
  } finally {
    limits.stop();
  }
  request.signal?.throwIfAborted();
  if (limits.timedOut() && request.count !== undefined) {
    const { count, counted } = request;
    throw new Failure('timed-out', `the time limit ran out with ${count - left} of ${count} ${counted ?? 'messages'}`, {
      hint: `give it longer with --timeout${counted === undefined ? ', or check that the devices send: iotctl device list' : ''}`,
    });
  }
}

function streamRequest(
  clock: Clock,
  request: TailRequest,
  signal: AbortSignal,
  onLink: (event: LinkEvent) => void,
): TelemetryRequest {
  const { since, until, devices, sources, consumerGroup } = request;
  return {
    from: since === undefined ? 'latest' : { time: since },
    ...(until === undefined ? {} : { until }),
    follow: until === undefined || until > clock.now(),
    ...(devices.length > 0 && fitsRequest(devices) ? { devices } : {}),
    ...(sources === undefined ? {} : { sources }),
    ...(consumerGroup === undefined ? {} : { consumerGroup }),
    signal,
    onLink,
  };
}

/** The names of the devices travel in the address of the stream; longer lists are compared here. */
const longestDeviceList = 4_000;

function fitsRequest(devices: readonly string[]): boolean {
  return devices.reduce((sum, device) => sum + device.length + 8, 0) <= longestDeviceList;
}

function deviceFilter(devices: readonly string[]): (message: TelemetryMessage) => boolean {
  const ids = new Set(devices.filter((device) => !isGlob(device)));
  const globs = devices.filter(isGlob);
  return ({ deviceId }) => ids.has(deviceId) || globs.some((glob) => matchGlob(glob, deviceId));
}

async function filter(
  messages: readonly TelemetryMessage[],
  condition: MessageCondition | undefined,
  twins: TwinCache,
): Promise<readonly TelemetryMessage[]> {
  if (condition === undefined || messages.length === 0) return messages;
  if (condition.needsTwin) await twins.prepare(new Set(messages.map((message) => message.deviceId)));
  return messages.filter((message) => condition.holds(message, twins.get(message.deviceId)));
}

interface Limits {
  readonly signal: AbortSignal;
  /** The tail ended by a limit of its own. */
  ended(): boolean;
  timedOut(): boolean;
  stop(): void;
}

function startLimits(clock: Clock, request: TailRequest): Limits {
  const own = new AbortController();
  let reason: 'timeout' | 'until' | undefined;
  const cancels: (() => void)[] = [];
  const endAfter = (ms: number, why: 'timeout' | 'until'): void => {
    cancels.push(
      clock.after(ms, () => {
        reason ??= why;
        own.abort();
      }),
    );
  };
  if (request.timeout !== undefined) endAfter(request.timeout, 'timeout');
  if (request.until !== undefined && request.until > clock.now())
    endAfter(request.until - clock.now() + untilGraceMs, 'until');
  return {
    signal: request.signal === undefined ? own.signal : AbortSignal.any([own.signal, request.signal]),
    ended: () => reason !== undefined && request.signal?.aborted !== true,
    timedOut: () => reason === 'timeout',
    stop: () => {
      for (const cancel of cancels) cancel();
      own.abort();
    },
  };
}

/** Puts the link's ups and downs and the batches together into what a person wants to know. */
function watchLink(tell: ((event: TailEvent) => void) | undefined): {
  onLink: (event: LinkEvent) => void;
  onBatch: (batch: TelemetryBatch) => void;
} {
  let down = false;
  let restoredAfterMs: number | undefined;
  let caughtUp = 0;
  return {
    onLink(event) {
      if (event.kind === 'restored') {
        restoredAfterMs = event.afterMs;
        caughtUp = 0;
        down = false;
      } else if (!down) {
        down = true;
        restoredAfterMs = undefined;
        tell?.({ kind: 'lost-link', reason: event.reason });
      }
    },
    onBatch(batch) {
      if (batch.lost > 0) tell?.({ kind: 'lost-messages', messages: batch.lost });
      if (restoredAfterMs === undefined) return;
      caughtUp += batch.messages.length;
      if (!batch.live) return;
      tell?.({ kind: 'caught-up', afterMs: restoredAfterMs, messages: caughtUp });
      restoredAfterMs = undefined;
    },
  };
}
