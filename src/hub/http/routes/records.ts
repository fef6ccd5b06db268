import type { FastifyInstance, FastifyRequest } from 'fastify';
import { recordPageSize, recordsPath, type RecordPage } from '../../../protocol/records.ts';
import type { RecordCondition } from '../../core/records/service.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { headerOf, ifMatchOf, integerWithin, jsonOf, parametersOf } from '../request.ts';

/**
 * Records of programs that work on the hub, an extension of ours. Who may write twins may write them: a rollout does both.
 * `If-None-Match: *` creates, `If-Match` replaces; without either a write is unconditional.
 */
export function recordRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: rights.records, unversioned: true } } } as const;
  const one = `${recordsPath}/*`;
  app.get(recordsPath, options, async (request): Promise<RecordPage> => {
    const parameters = parametersOf(request);
    const { records, next } = await core.records.list({
      prefix: parameters.get('prefix') ?? '',
      after: parameters.get('after') ?? undefined,
      limit: integerWithin(parameters.get('limit') ?? undefined, {
        name: 'limit',
        minimum: 1,
        maximum: recordPageSize,
        fallback: recordPageSize,
      }),
    });
    return { records, next: next ?? null };
  });
  app.get(one, options, async (request, reply) => {
    const record = await core.records.read(nameOf(request));
    void reply.header('etag', `"${record.etag}"`);
    return record;
  });
  app.put(one, options, async (request, reply) => {
    const name = nameOf(request);
    const etag = await core.records.write(name, jsonOf(request), conditionOf(request));
    void reply.header('etag', `"${etag}"`);
    return { name, etag };
  });
  app.delete(one, options, async (request, reply) => {
    await core.records.remove(nameOf(request), conditionOf(request));
    return reply.code(204).send();
  });
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { '*': string })['*'];
}

function conditionOf(request: FastifyRequest): RecordCondition {
  if (headerOf(request, 'if-none-match')?.trim() === '*') return { kind: 'absent' };
  const etag = ifMatchOf(request);
  if (etag === undefined) return { kind: 'any' };
  return etag === '*' ? { kind: 'present' } : { kind: 'etag', etag };
}
