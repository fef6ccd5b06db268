import { isFailure, toFailure, type Failure } from '../../errors/index.ts';
import type { MethodRequest } from '../../protocol/method.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import type { JsonValue } from '../../std/json.ts';
import { pool } from '../../std/pool.ts';
import type { Hub } from '../ports.ts';

export interface SendOptions {
  /** How often to try again when the device was not there; 0 by default. */
  readonly retries?: number;
  /** Try again also when the command may have run: the device gave no answer, or the hub's answer was lost. */
  readonly retryUnanswered?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What one device made of a command. `failure` is set when it gave no answer or one with a failure status. */
export interface CommandResult {
  readonly deviceId: string;
  /** The device's own status; absent when it gave no answer. */
  readonly status?: number;
  readonly payload?: JsonValue;
  readonly failure?: Failure;
  readonly attempts: number;
  readonly durationMs: number;
}

const firstPauseMs = 1_000;
const longestPauseMs = 10_000;

/** Devices say by a status of 400 or more that a command failed, as HTTP does. */
export const failureStatus = 400;

/**
 * Sends a command to one device and waits for its answer. Expected failures are in the result; a command that may have run is
 * sent again only when that is asked for. Rejects when the signal aborts.
 */
export async function sendCommand(
  hub: Pick<Hub, 'methods'>,
  clock: Clock,
  deviceId: string,
  request: MethodRequest,
  options: SendOptions = {},
): Promise<CommandResult> {
  const startedAt = clock.monotonic();
  const retries = options.retries ?? 0;
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(hub, deviceId, request, options.signal);
    const result = { deviceId, attempts: attempt, durationMs: Math.round(clock.monotonic() - startedAt), ...outcome };
    if (outcome.failure === undefined || attempt > retries || !mayRepeat(outcome.failure, options)) return result;
    await sleep(clock, Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)), options.signal);
  }
}

type Outcome = Pick<CommandResult, 'status' | 'payload' | 'failure'>;

async function tryOnce(
  hub: Pick<Hub, 'methods'>,
  deviceId: string,
  request: MethodRequest,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  try {
    const { status, payload } = await hub.methods.invoke(deviceId, request, signal);
    return { status, payload };
  } catch (error) {
    signal?.throwIfAborted();
    return { failure: toFailure(error) };
  }
}

/** Network errors that come before anything is sent. */
const neverSent: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

function mayRepeat(failure: Failure, options: SendOptions): boolean {
  const { code, details } = failure;
  if (code === 'device-offline') return true;
  if (code === 'hub-unreachable' && neverSent.has(details['cause'])) return true;
  return options.retryUnanswered === true && (code === 'hub-unreachable' || code === 'device-no-answer');
}

/**
 * Sends a command to many devices, `concurrency` at a time, and gives a result for each as it comes. Ends early, with the
 * failure itself, when nobody could succeed: not-authorised and its like.
 */
export async function* sendCommands(
  hub: Pick<Hub, 'methods'>,
  clock: Clock,
  deviceIds: Iterable<string> | AsyncIterable<string>,
  request: MethodRequest,
  options: SendOptions & { readonly concurrency: number },
): AsyncGenerator<CommandResult, void, undefined> {
  const send = async (deviceId: string): Promise<CommandResult | undefined> => {
    try {
      return await sendCommand(hub, clock, deviceId, request, options);
    } catch (error) {
      if (options.signal?.aborted === true) return undefined;
      return { deviceId, failure: toFailure(error), attempts: 1, durationMs: 0 };
    }
  };
  for await (const result of pool(deviceIds, options.concurrency, send, options.signal)) {
    if (result === undefined) continue;
    yield result;
    if (isFailure(result.failure, 'not-authorised', 'token-expired', 'tls-untrusted')) throw result.failure;
  }
  options.signal?.throwIfAborted();
}

/** True when the device answered, and not with a failure status. */
export function succeeded(result: CommandResult): boolean {
  return result.failure === undefined && result.status !== undefined && result.status < failureStatus;
}
