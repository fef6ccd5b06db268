import type { IncomingMessage } from 'node:http';
import type { Connection } from '../../config/profile.ts';
import { Failure, isFailure } from '../../errors/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { createAuthorizer, type Authorizer } from '../authorization.ts';
import { hasNothingThere, notServed, requireExtension, type Extension } from '../extension.ts';
import { proxyFor, type Environment } from '../proxy.ts';
import { createClockOffset } from './clock-offset.ts';
import { failureOfNetwork, wasNeverSent, type NetworkContext } from './network-failure.ts';
import { repeatabilityOf, workOf } from './operation.ts';
import { createPace, type Pace, type WaitEvent } from './pace.ts';
import { parseRetryAfter, retryDelay, type Outcome, type Repeatability } from './retry.ts';
import { serviceUrlOf } from './service-url.ts';
import { createTransport, type HttpRequest, type HttpResponse, type StreamedContent } from './transport.ts';

export interface ClientDependencies {
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly userAgent?: string;
  /** Told before each wait after a failure, so that a person sees why nothing happens. */
  readonly onRetry?: (event: RetryEvent) => void;
  /** Told when work waits for its turn, or because the hub refused it for load. */
  readonly onWait?: (event: WaitEvent) => void;
  /** Where the proxy variables are looked for; none are honoured when absent. */
  readonly env?: Environment;
  /** Shows how to sign in to Entra ID with a code; absent where nobody is there to do it. */
  readonly onSignIn?: (message: string) => void;
  /** Shared with what else speaks to the same hub; each has its own when absent. */
  readonly authorizer?: Authorizer;
  readonly pace?: Pace;
}

interface RetryEvent {
  readonly reason: string;
  readonly retryInMs: number;
  readonly tries: number;
}

export interface ServiceRequest {
  readonly method: HttpRequest['method'];
  /** Path without the api-version. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Instead of a body. A try that fails begins from its beginning. */
  readonly content?: StreamedContent;
  readonly action: string;
  readonly deviceId?: string;
  /** By its method and path when absent. */
  readonly repeatability?: Repeatability;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** True for an answer that is a result although its status is not 2xx. */
  readonly isResult?: (response: HttpResponse) => boolean;
  /** That of the hub when absent. */
  readonly apiVersion?: string;
  /** Only iotctl's own hub serves this; other hubs are not asked. */
  readonly extension?: Extension;
}

interface ServiceAnswer extends HttpResponse {
  /** An earlier try got no whole answer, so the hub may have done the work twice. */
  readonly afterLostReply: boolean;
}

export interface ServiceClient {
  readonly hostName: string;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: () => number;
  /** Sends with retries. Failures are mapped; one that followed a lost reply says `afterLostReply` in its details. */
  request(request: ServiceRequest): Promise<ServiceAnswer>;
  /** How many milliseconds the hub's clock is ahead of this program's, as far as its answers tell. */
  clockOffsetMs(): number;
  /** One try; the caller reads the stream. */
  open(request: ServiceRequest): Promise<IncomingMessage>;
  failureOf(error: unknown): Failure;
  close(): void;
}

/** Source: service.md §0.1. */
const apiVersion = '2021-04-12';
/** Traffic shaping delays answers for long before it refuses. Source: service.md §11.3-6. */
const defaultTimeoutMs = 90_000;
const openTimeoutMs = 30_000;

export function createServiceClient(connection: Connection, dependencies: ClientDependencies): ServiceClient {
  const { clock, random } = dependencies;
  const baseUrl = serviceUrlOf(connection);
  const { env } = dependencies;
  const transport = createTransport({ baseUrl, caFile: connection.caFile, clock, env });
  const authorizer = createAuthorizer(connection, dependencies);
  const pace = dependencies.pace ?? createPace(connection, dependencies);
  const network: NetworkContext = {
    hostName: baseUrl.hostname,
    address: baseUrl.host,
    local: connection.kind === 'local',
    hasCaFile: connection.caFile !== undefined,
    profile: connection.source === 'profile' ? connection.name : undefined,
    proxy: env === undefined ? undefined : proxyFor(baseUrl, env)?.host,
  };
  const clockOffset = createClockOffset();
  let answered = false;

  const prepare = async (request: ServiceRequest, timeoutMs: number): Promise<HttpRequest> => ({
    method: request.method,
    path: pathOf(request),
    headers: {
      Authorization: (await authorizer.authorize(request.signal)).value,
      'User-Agent': dependencies.userAgent ?? 'iotctl',
      Accept: 'application/json',
      ...(request.body !== undefined && { 'Content-Type': 'application/json; charset=utf-8' }),
      ...(request.content !== undefined && { 'Content-Type': 'application/octet-stream' }),
      ...request.headers,
    },
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
    content: request.content,
    timeoutMs: request.timeoutMs ?? timeoutMs,
    signal: request.signal,
  });
  const failureOf = (error: unknown): Failure => (isFailure(error) ? error : failureOfNetwork(error, network));

  const refusalOf = async (response: HttpResponse, request: ServiceRequest): Promise<Failure> => {
    // Most commands meet none, and start sooner without its code.
    const { failureOfAnswer } = await import('./answer-failure.ts');
    const failure = failureOfAnswer(response, {
      ...request,
      hostName: connection.hostName,
      auth: connection.auth,
      now: clock.now(),
    });
    return request.extension !== undefined && hasNothingThere(failure)
      ? notServed(connection.hostName, request.extension, response.status)
      : failure;
  };

  return {
    hostName: connection.hostName,
    connection,
    clock,
    random,
    failureOf,
    clockOffsetMs: () => clockOffset.offsetMs,
    async request(request) {
      if (request.extension !== undefined) requireExtension(connection, request.extension);
      const begun = clock.monotonic();
      const work = workOf(request);
      const repeatability = request.repeatability ?? repeatabilityOf(request);
      let afterLostReply = false;
      for (let tries = 1; ; tries++) {
        if (work !== undefined) await pace.admit(work, request.signal);
        const sentAt = clock.now();
        const result = await tryOnce(
          async () => transport.send(await prepare(request, defaultTimeoutMs)),
          request.signal,
        );
        if ('response' in result) {
          answered = true;
          clockOffset.take(result.response.headers.date, sentAt, clock.now());
        }
        if ('response' in result && isExpected(result.response, request)) return { ...result.response, afterLostReply };
        const failure = 'response' in result ? await refusalOf(result.response, request) : failureOf(result.error);
        const delay = isFailure('error' in result ? result.error : undefined)
          ? undefined
          : retryDelay(outcomeOf(result, clock.now()), {
              tries,
              elapsedMs: clock.monotonic() - begun,
              repeatability,
              answeredBefore: answered,
              random: random(),
            });
        if (delay === undefined) throw afterLostReply ? withLostReply(failure) : failure;
        afterLostReply ||= mayBeDone(result);
        if (work !== undefined && 'response' in result && result.response.status === 429) {
          pace.hold(work.operation, delay);
        } else {
          dependencies.onRetry?.({ reason: failure.message, retryInMs: delay, tries });
        }
        await sleep(clock, delay, request.signal);
      }
    },
    async open(request) {
      if (request.extension !== undefined) requireExtension(connection, request.extension);
      const result = await tryOnce(async () => transport.open(await prepare(request, openTimeoutMs)), request.signal);
      if ('error' in result) throw failureOf(result.error);
      return result.response;
    },
    close: () => transport.close(),
  };
}

type Try<Response> = { readonly response: Response } | { readonly error: unknown };

async function tryOnce<Response>(
  send: () => Promise<Response>,
  signal: AbortSignal | undefined,
): Promise<Try<Response>> {
  try {
    return { response: await send() };
  } catch (error) {
    signal?.throwIfAborted();
    return { error };
  }
}

function isExpected(response: HttpResponse, request: ServiceRequest): boolean {
  return (response.status >= 200 && response.status < 300) || request.isResult?.(response) === true;
}

function outcomeOf(result: Try<HttpResponse>, now: number): Outcome {
  if ('error' in result) return { kind: 'network', neverSent: wasNeverSent(result.error) };
  const { status, headers } = result.response;
  return { kind: 'status', status, retryAfterMs: parseRetryAfter(headers['retry-after'], now) };
}

/** The hub may have done the work of a try that brought no whole answer. */
function mayBeDone(result: Try<HttpResponse>): boolean {
  if ('error' in result) return !wasNeverSent(result.error);
  return result.response.status >= 500 && result.response.status !== 503;
}

function withLostReply(failure: Failure): Failure {
  return new Failure(failure.code, failure.message, {
    hint: failure.hint,
    cause: failure.cause,
    retryable: failure.retryable,
    details: { ...failure.details, afterLostReply: true },
  });
}

function pathOf(request: ServiceRequest): string {
  const query = new URLSearchParams({ 'api-version': request.apiVersion ?? apiVersion });
  for (const [name, value] of Object.entries(request.query ?? {})) {
    for (const one of typeof value === 'string' ? [value] : value) query.append(name, one);
  }
  return `${request.path}?${query.toString()}`;
}
