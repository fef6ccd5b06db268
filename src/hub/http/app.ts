import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../std/clock.ts';
import { HubError, hubErrors } from '../../protocol/hub-errors.ts';
import type { HubCore } from '../core/services.ts';
import type { HubLimits } from '../limits/index.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { HubLog } from '../log.ts';
import { admit } from './access.ts';
import { auditRoutes } from './audit.ts';
import { retryAfterOf } from '../core/throttling/service.ts';
import { holdBodies } from './hold-bodies.ts';
import { createApp } from './create-app.ts';
import { errorReply, isAnswer, type Envelope } from './errors.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { auditRoutesOf } from './routes/audit.ts';
import { certificateRoutes } from './routes/certificates.ts';
import { configurationRoutes } from './routes/configurations.ts';
import { deviceBoundRoutes } from './routes/device-bound.ts';
import { deviceRoutes } from './routes/devices.ts';
import { publicHostOf, publicOriginOf, type PublicAddress } from './public-host.ts';
import { digitalTwinRoutes } from './routes/digital-twins.ts';
import { containerRoutes } from './routes/blobs.ts';
import { eventRoutes } from './routes/events.ts';
import { faultRoutes } from './routes/faults.ts';
import { feedbackRoutes } from './routes/feedback.ts';
import { identityReadRoutes } from './routes/identity-read.ts';
import { fileRoutes } from './routes/files.ts';
import { methodRoutes } from './routes/methods.ts';
import { moduleRoutes } from './routes/modules.ts';
import { operationsRoutes } from './routes/operations.ts';
import { provisioningDeviceRoutes } from './routes/provisioning-devices.ts';
import { provisioningServiceRoutes } from './routes/provisioning-service.ts';
import { queryRoutes } from './routes/query.ts';
import { queuedMessageRoutes } from './routes/queued-messages.ts';
import { scheduledJobRoutes } from './routes/scheduled-jobs.ts';
import { recordRoutes } from './routes/records.ts';
import { registryJobRoutes } from './routes/registry-jobs.ts';
import { statisticsRoutes } from './routes/statistics.ts';
import { statusRoutes } from './routes/status.ts';
import { telemetryRoutes } from './routes/telemetry.ts';
import { twinRoutes } from './routes/twins.ts';
import { hideExtensions, throttleRequest } from './throttle.ts';

export interface HttpFrontParts {
  readonly core: HubCore;
  readonly clock: Clock;
  readonly log: HubLog;
  /** Version of the program, for `/iotctl/status`. */
  readonly version: string;
  /** How clients reach the hub over HTTPS; `localhost` when absent. */
  readonly publicAddress?: PublicAddress | undefined;
  /** What may be asked of it; the defaults when absent. */
  readonly limits?: HubLimits['http'] | undefined;
  /** Told of each connection whose peer has shown who it is. */
  readonly known?: ((stream: object) => void) | undefined;
  /** Room for bodies that are not whole yet, shared with other fronts. */
  readonly unfinished?: MemoryBudget | undefined;
  /** What the hub tells of itself to machines; nothing when absent. */
  readonly operations?: HttpOperations | undefined;
}

/** What the REST side needs to tell how the hub is, and tells in turn. */
export interface HttpOperations {
  answer(
    path: string,
  ): Promise<{ readonly status: number; readonly contentType: string; readonly body: string } | undefined>;
  answered(request: { method: string; route: string; status: number; seconds: number }): void;
}

/** What routes may use. */
export interface RouteContext extends HttpFrontParts {
  /** Aborts when the hub stops: streams end, waiting calls are refused. */
  readonly stopping: AbortSignal;
  /** When the hub started, Unix milliseconds. */
  readonly startedAt: number;
  /** Host and port over HTTPS, as this caller should be told. */
  readonly publicHost: (request: IncomingMessage) => string;
  /** The same with its scheme; without TLS where the hub has none. */
  readonly publicOrigin: (request: IncomingMessage) => string;
}

/** The REST side of the hub, apart from any listener: servers hand it requests, tests inject them. */
export interface HttpFront {
  readonly app: FastifyInstance;
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Ends streams and waiting calls; requests that are being answered are finished by their servers. */
  close(): Promise<void>;
}

export async function createHttpFront(parts: HttpFrontParts): Promise<HttpFront> {
  const stopping = new AbortController();
  const app = await createApp(
    (error, request, reply) => sendError(parts, error, request, reply),
    parts.limits?.bodyBytes,
  );
  app.decorateRequest('principal', null);
  app.decorateRequest('caller', null);
  auditRoutes(app, parts.core.audit);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-ms-request-id', request.id);
    hideExtensions(parts.core.throttle, request);
    await admit(parts.core.gatekeeper, request);
    if (request.routeOptions.config.hub?.access !== 'route') parts.known?.(request.raw.socket);
  });
  if (parts.unfinished !== undefined) holdBodies(app, parts.unfinished);
  app.addHook('onResponse', async (request, reply) => {
    parts.operations?.answered({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
  });
  app.addHook('preHandler', (request) => throttleRequest(parts.core.throttle, request));
  const address = parts.publicAddress ?? {
    hostNames: ['localhost'],
    hostName: 'localhost',
    httpsPort: () => undefined,
  };
  const context: RouteContext = {
    ...parts,
    stopping: stopping.signal,
    startedAt: parts.clock.now(),
    publicHost: (request) => publicHostOf(request, address),
    publicOrigin: (request) => publicOriginOf(request, address),
  };
  for (const routes of [
    deviceRoutes,
    moduleRoutes,
    certificateRoutes,
    twinRoutes,
    queryRoutes,
    methodRoutes,
    statisticsRoutes,
    eventRoutes,
    deviceBoundRoutes,
    feedbackRoutes,
    queuedMessageRoutes,
    containerRoutes,
    fileRoutes,
    identityReadRoutes,
    registryJobRoutes,
    telemetryRoutes,
    statusRoutes,
    scheduledJobRoutes,
    configurationRoutes,
    digitalTwinRoutes,
    faultRoutes,
    recordRoutes,
    auditRoutesOf,
    artifactRoutes,
    provisioningServiceRoutes,
    provisioningDeviceRoutes,
    operationsRoutes,
  ]) {
    routes(app, context);
  }
  await app.ready();
  return {
    app,
    handle: (request, response) => app.routing(request, response),
    async close() {
      stopping.abort(new HubError('ServiceUnavailable', 'The hub is stopping.'));
      await app.close();
    },
  };
}

/** Every refusal and failure leaves here; only failures of the hub itself are logged as such. */
function sendError(
  { clock, log }: HttpFrontParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const envelope = envelopeOf(request, error);
  const answer = errorReply(error, envelope, clock.now());
  const facts = {
    method: request.method,
    path: request.url.split('?', 1)[0],
    status: answer.status,
    trackingId: answer.trackingId,
  };
  if (isAnswer(error)) log.debug({ ...facts, code: answer.symbol }, 'request refused');
  else log.error({ ...facts, err: error }, 'request failed');
  // A refused request may still be sending a body that nobody will read.
  if (answer.status === 401 || answer.status === 413) void reply.header('connection', 'close');
  // The provisioning service has the number in a header of its own (service.md §10.1).
  if (envelope === 'provisioning') void reply.header('x-ms-error-code', hubErrors[answer.symbol]);
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  return reply
    .code(answer.status)
    .header('iothub-errorcode', answer.symbol)
    .type('application/json; charset=utf-8')
    .send(answer.body);
}

/** Refused credentials look the same on every route; a module that is there already is told in the newer form (service.md §2.5). */
function envelopeOf(request: FastifyRequest, error: unknown): Envelope {
  const refused = error instanceof Error && 'status' in error && error.status === 401;
  if (error instanceof HubError && error.symbol === 'ModuleAlreadyExistsOnDevice') return 'structured';
  const declared = request.routeOptions?.config.hub?.envelope ?? 'classic';
  return refused && declared !== 'provisioning' ? 'classic' : declared;
}
