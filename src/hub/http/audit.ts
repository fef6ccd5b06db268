import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { artifactsPath } from '../../protocol/artifacts.ts';
import { auditEvents, type AuditEvent } from '../../protocol/audit.ts';
import { certificatesPath } from '../../protocol/certificates.ts';
import { containerGrantsPath } from '../../protocol/container-grant.ts';
import { faultsPath } from '../../protocol/faults.ts';
import { identityReadPath } from '../../protocol/identity-read.ts';
import { jobStopsPath } from '../../protocol/job.ts';
import { recordsPath } from '../../protocol/records.ts';
import type { AuditService, Caller, Operation } from '../core/audit/service.ts';

/** What the requests of back-end callers are in the audit. A route that changes something is here, or among {@link unauditedRoutes}. */
export const auditedRoutes: Readonly<Record<string, AuditEvent>> = {
  'GET /devices': 'keys.read',
  'GET /devices/:id': 'keys.read',
  'GET /devices/:id/modules': 'keys.read',
  'GET /devices/:id/modules/:module': 'keys.read',
  [`POST ${identityReadPath}`]: 'keys.read',
  'PUT /devices/:id': 'identity.write',
  'DELETE /devices/:id': 'identity.delete',
  'POST /devices': 'identity.bulk',
  'PUT /devices/:id/modules/:module': 'identity.write',
  'DELETE /devices/:id/modules/:module': 'identity.delete',
  'POST /devices/keys/regenerate': 'keys.regenerate',
  'PATCH /twins/:id': 'twin.write',
  'PUT /twins/:id': 'twin.write',
  'PATCH /twins/:id/modules/:module': 'twin.write',
  'PUT /twins/:id/modules/:module': 'twin.write',
  'PATCH /digitaltwins/:id': 'twin.write',
  'POST /twins/:id/methods': 'command.invoke',
  'POST /twins/:id/modules/:module/methods': 'command.invoke',
  'POST /digitaltwins/:id/commands/:command': 'command.invoke',
  'POST /digitaltwins/:id/components/:component/commands/:command': 'command.invoke',
  'DELETE /devices/:id/commands': 'message.purge',
  'DELETE /devices/:id/modules/:module/commands': 'message.purge',
  'POST /iotctl/devices/:id/messages/requeue': 'message.requeue',
  'POST /iotctl/devices/:id/modules/:module/messages/requeue': 'message.requeue',
  'PUT /configurations/:id': 'configuration.write',
  'DELETE /configurations/:id': 'configuration.delete',
  'POST /devices/:id/applyConfigurationContent': 'configuration.apply',
  'PUT /jobs/v2/:id': 'job.write',
  'POST /jobs/v2/:id/cancel': 'job.write',
  [`POST ${jobStopsPath}/:id/stop`]: 'job.write',
  'POST /jobs/create': 'registry-job.write',
  'DELETE /jobs/:id': 'registry-job.write',
  'PUT /enrollments/:id': 'enrollment.write',
  'POST /enrollments': 'enrollment.write',
  'DELETE /enrollments/:id': 'enrollment.delete',
  'POST /enrollments/:id/attestationmechanism': 'enrollment.keys-read',
  'PUT /enrollmentGroups/:id': 'enrollment.write',
  'POST /enrollmentGroups': 'enrollment.write',
  'DELETE /enrollmentGroups/:id': 'enrollment.delete',
  'POST /enrollmentGroups/:id/attestationmechanism': 'enrollment.keys-read',
  'DELETE /registrations/:id': 'registration.delete',
  [`PUT ${certificatesPath}/:id`]: 'certificate.write',
  [`DELETE ${certificatesPath}/:id`]: 'certificate.delete',
  [`POST ${certificatesPath}/:id/generateVerificationCode`]: 'certificate.write',
  [`POST ${certificatesPath}/:id/verify`]: 'certificate.write',
  [`PUT ${recordsPath}/*`]: 'record.write',
  [`DELETE ${recordsPath}/*`]: 'record.delete',
  [`PUT ${artifactsPath}/:sha256`]: 'artifact.write',
  [`POST ${artifactsPath}/:sha256/sign`]: 'artifact.sign',
  [`POST ${containerGrantsPath}/:id`]: 'container.grant',
  [`POST ${faultsPath}`]: 'fault.write',
  [`DELETE ${faultsPath}`]: 'fault.write',
  [`DELETE ${faultsPath}/:id`]: 'fault.write',
};

/** Noted before they happen: what they do is not in a transaction of the registry, or changes nothing there. */
const demanded: ReadonlySet<AuditEvent> = new Set([
  'keys.read',
  'enrollment.keys-read',
  'artifact.write',
  'artifact.sign',
  'container.grant',
  'fault.write',
  'message.purge',
  'message.requeue',
]);
/** Noted without waiting: a device must be reachable while the disk is full. */
const told: ReadonlySet<AuditEvent> = new Set(['command.invoke']);

/** Gives every route that is in the audit its hooks; the others pay nothing. To be called before the routes are added. */
export function auditRoutes(app: FastifyInstance, audit: AuditService): void {
  const operations = new WeakMap<FastifyRequest, Operation>();
  app.addHook('onRoute', (route) => {
    const event = eventOf(route);
    if (event === undefined) return;
    const begin = (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
      const caller = callerOf(request);
      const happening = { ...caller, event, result: 'accepted' as const, targets: targetsOf(request) };
      // oxlint-disable-next-line promise/no-callback-in-promise -- a hook that hands on by a callback, which the operation below needs
      if (demanded.has(event)) audit.demand(happening).then(() => done(), done);
      else if (told.has(event)) {
        audit.tell(happening);
        done();
      } else {
        audit.run(caller, event, (operation) => {
          operations.set(request, operation);
          done();
        });
      }
    };
    const end = async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
      operations.get(request)?.end();
      const [, type] = auditEvents[event];
      if (reply.statusCode < 400 || request.caller === null || type === 'read') return payload;
      const details = { status: reply.statusCode };
      audit.tell({ ...callerOf(request), event, result: 'refused', targets: targetsOf(request), details });
      return payload;
    };
    route.preHandler = [...listOf(route.preHandler), begin];
    route.onSend = [...listOf(route.onSend), end];
  });
}

function eventOf({ method, url }: Pick<RouteOptions, 'method' | 'url'>): AuditEvent | undefined {
  return typeof method === 'string' ? auditedRoutes[`${method} ${url}`] : undefined;
}

function listOf<Hook>(hooks: Hook | Hook[] | undefined): Hook[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks];
}

function callerOf(request: FastifyRequest): Caller {
  const source = request.caller === null ? 'unproved' : `policy ${request.caller.policy}`;
  return { source, address: request.raw.socket.remoteAddress };
}

/** What the address of the request names. */
function targetsOf(request: FastifyRequest): readonly string[] {
  const { id, module, sha256, '*': name } = request.params as Readonly<Record<string, string | undefined>>;
  const named = id === undefined ? (sha256 ?? name) : module === undefined ? id : `${id}/${module}`;
  return named === undefined ? [] : [named];
}
