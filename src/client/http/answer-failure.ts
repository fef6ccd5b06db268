/** What an error answer of a hub means to the user. Source: service.md §0.5, §1.4. */
import type { Connection } from '../../config/profile.ts';
import { Failure, type FailureCode } from '../../errors/index.ts';
import { identityNames, isModulePath } from '../../protocol/identity-path.ts';
import { formatDuration } from '../../std/duration.ts';
import { redactText } from '../../std/redact.ts';
import { identityText, showCommand } from '../identity-address.ts';
import { parseErrorBody, type HubAnswerError } from './error-body.ts';
import type { HttpResponse } from './transport.ts';

export interface AnswerContext {
  /** The hub as the user knows it. */
  readonly hostName: string;
  /** What was asked, `read device pump-1`. */
  readonly action: string;
  readonly deviceId?: string | undefined;
  /** What the hub was shown; the advice on a refusal depends on it. */
  readonly auth?: Connection['auth'] | undefined;
  /** This machine's time, Unix milliseconds. */
  readonly now: number;
}

const bySymbol: Readonly<Record<string, FailureCode>> = {
  DeviceNotFound: 'device-not-found',
  ModuleNotFound: 'device-not-found',
  ModuleAlreadyExistsOnDevice: 'device-exists',
  DeviceAlreadyExists: 'device-exists',
  PreconditionFailed: 'changed-meanwhile',
  IotHubQuotaExceeded: 'quota-exceeded',
  DeviceMaximumInflightMethodExceeded: 'throttled',
  DeviceMaximumQueueDepthExceeded: 'quota-exceeded',
  TooManyDevices: 'quota-exceeded',
  DeviceNotOnline: 'device-offline',
  DeviceConnectionClosedRemotely: 'device-offline',
  GatewayTimeout: 'device-no-answer',
  BadDeviceResponse: 'device-bad-answer',
  FeatureNotSupported: 'unsupported',
};

const byStatus: Readonly<Record<number, FailureCode>> = {
  401: 'not-authorised',
  403: 'refused',
  404: 'not-found',
  409: 'conflict',
  412: 'changed-meanwhile',
  429: 'throttled',
  502: 'hub-failed',
  503: 'hub-unreachable',
  504: 'hub-failed',
  507: 'disk-full',
};

/** More than this between the two clocks explains a refused token. */
const toleratedSkewMs = 300_000;

export function failureOfAnswer(response: HttpResponse, context: AnswerContext): Failure {
  const header = response.headers['iothub-errorcode'];
  // What answers may be no hub, and mirror what it was sent: no token may get from there onto a screen or into a log.
  const error = parseErrorBody(redactText(response.body), typeof header === 'string' ? redactText(header) : undefined);
  if (response.status >= 300 && response.status < 400) return notAHub(response, context);
  if (response.status === 401) return unauthorised(response, error, context);
  const code =
    bySymbol[error.symbol] ?? byStatus[response.status] ?? (response.status >= 500 ? 'hub-failed' : 'refused');
  const details = {
    ...detailsOf(response, error),
    ...(context.deviceId !== undefined && { deviceId: context.deviceId }),
  };
  return new Failure(code, messageOf(code, response, error, context), {
    hint: hintOf(code, context),
    details,
    retryable: isRetryable(response.status),
  });
}

/** The command for the very identity; undefined where the hint of the table is as good. */
function hintOf(code: FailureCode, { deviceId }: AnswerContext): string | undefined {
  if (deviceId === undefined) return undefined;
  if (code === 'device-exists') return showCommand(deviceId);
  return code === 'device-not-found' && isModulePath(deviceId)
    ? `iotctl module list ${identityNames(deviceId).deviceId}`
    : undefined;
}

/** How far this machine's clock is ahead of the hub's, in milliseconds; undefined when the hub tells no time. */
export function clockSkew(response: Pick<HttpResponse, 'headers'>, now: number): number | undefined {
  const date = response.headers.date;
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(theirs) ? undefined : now - theirs;
}

function messageOf(code: FailureCode, response: HttpResponse, error: HubAnswerError, context: AnswerContext): string {
  if (code === 'device-not-found' && context.deviceId !== undefined)
    return `${identityText(context.deviceId)} does not exist on ${context.hostName}`;
  if (code === 'device-exists' && context.deviceId !== undefined)
    return `${identityText(context.deviceId)} exists already on ${context.hostName}`;
  if (code === 'changed-meanwhile')
    return `cannot ${context.action}: it was changed meanwhile, or the etag is not its etag`;
  const why =
    error.text === ''
      ? `${context.hostName} answered ${response.status}${error.symbol === '' ? '' : ` ${error.symbol}`}`
      : error.text;
  return `cannot ${context.action}: ${why}`;
}

function unauthorised(response: HttpResponse, error: HubAnswerError, context: AnswerContext): Failure {
  const details = detailsOf(response, error);
  const skew = clockSkew(response, context.now);
  if (skew !== undefined && Math.abs(skew) > toleratedSkewMs) {
    const text = `${formatDuration(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} the hub's`;
    return new Failure('token-expired', `${context.hostName} refused the token: the clock of this machine is ${text}`, {
      hint: 'set the clock of this machine',
      details,
    });
  }
  return new Failure('not-authorised', `${context.hostName} does not allow this profile to ${context.action}`, {
    hint:
      context.auth === 'entra'
        ? 'whoever is signed in needs a role on the hub: IoT Hub Data Contributor, or IoT Hub Data Reader to look only'
        : 'the key is wrong or its policy lacks a permission: iotctl doctor',
    details,
  });
}

function notAHub(response: HttpResponse, context: AnswerContext): Failure {
  return new Failure(
    'hub-unreachable',
    `${context.hostName} answered ${response.status}, which no IoT hub does; another server may stand there`,
    {
      details: detailsOf(response, undefined),
    },
  );
}

function detailsOf(response: HttpResponse, error: HubAnswerError | undefined): Record<string, unknown> {
  const requestId = response.headers['x-ms-request-id'];
  return {
    status: response.status,
    ...(error !== undefined && error.symbol !== '' && { hubError: error.symbol }),
    ...(error !== undefined && error.number !== 0 && { hubErrorNumber: error.number }),
    ...(error?.trackingId !== undefined && { trackingId: error.trackingId }),
    ...(typeof requestId === 'string' && { requestId: redactText(requestId) }),
  };
}

function isRetryable(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
