import type { FastifyInstance } from 'fastify';
import { auditPageSize, auditPath, type AuditPage } from '../../../protocol/audit.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { integerWithin, parametersOf } from '../request.ts';

/** The hub's audit, an extension of ours. There is no way to write or remove an entry. */
export function auditRoutesOf(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: rights.audit, unversioned: true } } } as const;
  app.get(auditPath, options, (request): Promise<AuditPage> => {
    const parameters = parametersOf(request);
    return core.audit.read({
      after: integerWithin(parameters.get('after') ?? undefined, {
        name: 'after',
        minimum: 0,
        maximum: 999_999_999,
        fallback: 0,
      }),
      limit: integerWithin(parameters.get('limit') ?? undefined, {
        name: 'limit',
        minimum: 1,
        maximum: auditPageSize,
        fallback: auditPageSize,
      }),
    });
  });
}
