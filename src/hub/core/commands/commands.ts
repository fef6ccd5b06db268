import { randomInt } from 'node:crypto';
import type { JsonValue } from '../../../std/json.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import {
  parseMethodPayload,
  parseMethodRequest,
  type MethodRequest,
  type MethodResponse,
} from '../../../protocol/method.ts';
import type { CommandService, DeviceSession } from '../services.ts';
import { guardJson } from '../untrusted.ts';
import { pathOfSession } from '../sessions/sessions.ts';
import { badAnswer, noAnswer } from './errors.ts';
import { findListener, type ListenerParts } from './listener.ts';
import { createPendingCalls, type PendingCalls } from './pending-calls.ts';
import { waitFor } from './wait.ts';

const defaultMaxInFlight = 64;

export interface Commands extends CommandService {
  /** Refuses what waits and what comes. */
  close(): void;
}

export interface CommandParts extends ListenerParts {
  /** Calls one device may have waiting at once. */
  readonly maxInFlightPerDevice?: number | undefined;
}

/** Direct methods: answered now or not at all; nothing is queued or sent twice. Source: service.md §4, device.md §7. */
export function createCommands(parts: CommandParts): Commands {
  const { clock, maxInFlightPerDevice = defaultMaxInFlight } = parts;
  const pending = createPendingCalls(maxInFlightPerDevice);
  const closing = new AbortController();
  let nextRequest = randomInt(1, 0x1000_0000);

  function call(session: DeviceSession, request: MethodRequest, signal: AbortSignal): Promise<MethodResponse> {
    const identity = pathOfSession(session);
    const { methodName, responseTimeoutInSeconds } = request;
    const requestId = (nextRequest++).toString(16);
    return waitFor({
      clock,
      ms: responseTimeoutInSeconds * 1_000,
      signal,
      begin: (ending) => {
        pending.add(identity, requestId, ending);
        try {
          session.sendMethod({ requestId, methodName, payload: JSON.stringify(request.payload) });
        } catch (error) {
          ending.reject(error as Error);
        }
        return () => void pending.take(identity, requestId);
      },
      late: ({ reject }) => reject(noAnswer(responseTimeoutInSeconds)),
    });
  }

  return {
    async invoke(identity, body, callerSignal) {
      const request = parseMethodRequest(body);
      const signal = callerSignal === undefined ? closing.signal : AbortSignal.any([callerSignal, closing.signal]);
      signal.throwIfAborted();
      const leave = pending.enter(identity);
      try {
        const session = await findListener(parts, identity, request.connectTimeoutInSeconds, signal);
        return await call(session, request, signal);
      } finally {
        leave();
      }
    },
    answer: (identity, requestId, status, payload) => deliver(pending, identity, requestId, status, payload),
    close() {
      closing.abort(new HubError('ServiceUnavailable', 'The hub is stopping.'));
    },
  };
}

/** Hands a device's answer to whoever waits for it; late and unknown ones are dropped. Source: device.md §7. */
function deliver(
  pending: PendingCalls,
  identity: IdentityPath,
  requestId: string,
  status: number | undefined,
  payload: string,
): void {
  const waiting = pending.take(identity, requestId);
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
