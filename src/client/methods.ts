import { Failure, isFailure } from '../errors/index.ts';
import { neverTime } from '../protocol/identity.ts';
import type { MethodResponse } from '../protocol/method.ts';
import { formatDuration } from '../std/duration.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';
import type { MethodInvoker, TwinStore } from './service-api.ts';
import { identityText, showCommand, twinPath } from './identity-address.ts';

/** What the hub may take on top of the device's own time. */
const slackMs = 15_000;

/** Direct methods over REST; never sent twice but after a 429, because the device would run them twice. Source: service.md §4. */
export function createMethodInvoker(client: ServiceClient, twins: Pick<TwinStore, 'get'>): MethodInvoker {
  return {
    async invoke(deviceId, request, signal) {
      try {
        const answer = await client.request({
          method: 'POST',
          path: `${twinPath(deviceId)}/methods`,
          body: request,
          action: `send ${request.methodName} to ${deviceId}`,
          deviceId,
          repeatability: 'once',
          timeoutMs: (request.responseTimeoutInSeconds + request.connectTimeoutInSeconds) * 1000 + slackMs,
          signal,
        });
        return parseAnswer(answer, isMethodResponse, 'method answer');
      } catch (error) {
        if (isFailure(error, 'device-offline')) throw await offline(error, deviceId, twins, client.clock.now(), signal);
        if (isFailure(error, 'device-no-answer')) throw noAnswer(error, deviceId, request.responseTimeoutInSeconds);
        throw error;
      }
    },
  };
}

/** Says since when the device is away; its twin knows. */
async function offline(
  refusal: Failure,
  deviceId: string,
  twins: Pick<TwinStore, 'get'>,
  now: number,
  signal?: AbortSignal,
): Promise<Failure> {
  const twin = await twins.get(deviceId, signal).catch(() => undefined);
  const fail = (message: string, details: Record<string, unknown> = {}): Failure =>
    new Failure('device-offline', message, {
      hint: showCommand(deviceId),
      details: { ...refusal.details, ...details },
      cause: refusal,
      retryable: true,
    });
  if (twin === undefined) return fail(`${identityText(deviceId)} is offline`);
  if (twin.status === 'disabled') return fail(`${identityText(deviceId)} is disabled, so it cannot connect`);
  if (twin.connectionState === 'Connected')
    return fail(`${identityText(deviceId)} is connected but does not listen for commands`);
  const since = Date.parse(twin.lastActivityTime);
  if (Number.isNaN(since) || twin.lastActivityTime.startsWith(neverTime.slice(0, 10)))
    return fail(`${identityText(deviceId)} is offline; it has never connected`);
  const age = formatDuration(Math.max(0, now - since));
  return fail(`${identityText(deviceId)} is offline; it was last active ${age} ago, at ${twin.lastActivityTime}`, {
    lastActivityTime: twin.lastActivityTime,
  });
}

function noAnswer(error: Failure, deviceId: string, seconds: number): Failure {
  return new Failure(
    'device-no-answer',
    `${identityText(deviceId)} got the command but did not answer in ${seconds} s`,
    {
      details: error.details,
      cause: error,
      retryable: false,
    },
  );
}

function isMethodResponse(value: object): value is MethodResponse {
  return 'status' in value && typeof value.status === 'number';
}
