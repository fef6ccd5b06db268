import { randomInt } from 'node:crypto';
import type { Clock } from '../../../std/clock.ts';
import type { JsonValue } from '../../../std/json.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import {
  parseMethodPayload,
  parseMethodRequest,
  type MethodRequest,
  type MethodResponse,
} from '../../../protocol/method.ts';
import type { DeviceRecords } from '../records.ts';
import type { CommandService, DeviceSession } from '../services.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { guardJson } from '../untrusted.ts';
import { badAnswer, noAnswer, notOnline } from './errors.ts';
import { createPendingCalls, type PendingCalls } from './pending-calls.ts';

const defaultMaxInFlight = 64;

export interface Commands extends CommandService {
  /** Refuses what waits and what comes. */
  close(): void;
}

export interface CommandParts {
  readonly records: DeviceRecords;
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** Calls one device may have waiting at once. */
  readonly maxInFlightPerDevice?: number | undefined;
}

/** Direct methods: answered now or not at all; nothing is queued or sent twice. Source: service.md §4, device.md §7. */
export function createCommands({
  records,
  sessions,
  clock,
  maxInFlightPerDevice = defaultMaxInFlight,
}: CommandParts): Commands {
  const pending = createPendingCalls(maxInFlightPerDevice);
  const closing = new AbortController();
  let nextRequest = randomInt(1, 0x1000_0000);

  async function findListener(deviceId: string, request: MethodRequest, signal: AbortSignal): Promise<DeviceSession> {
    const record = await records.read(deviceId);
    const session = await waitForListener(deviceId, request.connectTimeoutInSeconds * 1_000, signal);
    if (session !== undefined) return session;
    await sessions.flushStates();
    throw notOnline(
      await records.read(deviceId).catch(() => record),
      sessions.find(deviceId),
      request.connectTimeoutInSeconds,
    );
  }

  /** The device's session once it is connected and subscribed; undefined when the time is over. */
  function waitForListener(deviceId: string, waitMs: number, signal: AbortSignal): Promise<DeviceSession | undefined> {
    return new Promise((resolve, reject) => {
      const cleanups: (() => void)[] = [];
      const settle = (session: DeviceSession | undefined): void => {
        for (const cleanup of cleanups) cleanup();
        resolve(session);
      };
      const onAbort = (): void => {
        settle(undefined);
        reject(signal.reason as Error);
      };
      signal.throwIfAborted();
      const live = sessions.find(deviceId);
      if (live?.methodReady === true || waitMs === 0) {
        resolve(live?.methodReady === true ? live : undefined);
        return;
      }
      cleanups.push(
        sessions.whenMethodReady(deviceId, settle),
        clock.after(waitMs, () => settle(undefined)),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      cleanups.push(() => signal.removeEventListener('abort', onAbort));
    });
  }

  function call(
    session: DeviceSession,
    request: MethodRequest,
    payload: string,
    signal: AbortSignal,
  ): Promise<MethodResponse> {
    const { deviceId } = session.sender;
    const requestId = (nextRequest++).toString(16);
    return new Promise<MethodResponse>((resolve, reject) => {
      signal.throwIfAborted();
      const settled = (): void => {
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
      };
      const fail = (error: Error): void => {
        pending.take(deviceId, requestId);
        settled();
        reject(error);
      };
      const onAbort = (): void => fail(signal.reason as Error);
      const cancelTimer = clock.after(request.responseTimeoutInSeconds * 1_000, () =>
        fail(noAnswer(request.responseTimeoutInSeconds)),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      pending.add(deviceId, requestId, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: fail,
      });
      try {
        session.sendMethod({ requestId, methodName: request.methodName, payload });
      } catch (error) {
        fail(error as Error);
      }
    });
  }

  return {
    async invoke(deviceId, body, callerSignal) {
      const request = parseMethodRequest(body);
      const payload = JSON.stringify(request.payload);
      const signal = callerSignal === undefined ? closing.signal : AbortSignal.any([callerSignal, closing.signal]);
      signal.throwIfAborted();
      const leave = pending.enter(deviceId);
      try {
        return await call(await findListener(deviceId, request, signal), request, payload, signal);
      } finally {
        leave();
      }
    },
    answer: (deviceId, requestId, status, payload) => deliver(pending, deviceId, requestId, status, payload),
    close() {
      closing.abort(new HubError('ServiceUnavailable', 'The hub is stopping.'));
    },
  };
}

/** Hands a device's answer to whoever waits for it; late and unknown ones are dropped. Source: device.md §7. */
function deliver(
  pending: PendingCalls,
  deviceId: string,
  requestId: string,
  status: number | undefined,
  payload: string,
): void {
  const waiting = pending.take(deviceId, requestId);
  if (waiting === undefined) return;
  try {
    if (status === undefined) throw badAnswer('has no integer status');
    waiting.resolve({ status, payload: readPayload(payload) });
  } catch (error) {
    waiting.reject(error as Error);
  }
}

/** As the device wrote it, unless passing it on could hurt a reader. */
function readPayload(text: string): JsonValue {
  const payload = parseMethodPayload(text);
  try {
    guardJson(payload);
  } catch {
    throw badAnswer('is nested too deeply or names __proto__');
  }
  return payload;
}
