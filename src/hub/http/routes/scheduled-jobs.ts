import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import { jobStatuses, jobStopsPath, jobTypes, type JobStatus } from '../../../protocol/job.ts';
import type { Permission } from '../../core/services.ts';
import type { RouteContext } from '../app.ts';
import { headerOf, idOf, integerWithin, jsonOf, parametersOf } from '../request.ts';

/** Service.md §1.2 is unsure which right it is. */
const access = ['ServiceConnect', 'RegistryWrite'] as const satisfies readonly Permission[];
const readAccess = [...access, 'RegistryRead'] as const satisfies readonly Permission[];

/** A twin patch or the payload of a method, and the condition. */
const jobBodyLimit = 256 * 1024;

/** Jobs over many devices. Source: service.md §6.1. */
export function scheduledJobRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const read = { config: { hub: { access: readAccess } } };
  const write = { config: { hub: { access } } };

  app.get('/jobs/v2/query', read, async (request, reply) => listJobs(request, reply, core.jobs));
  app.get('/jobs/v2/:id', read, (request) => core.jobs.get(idOf(request)));
  app.put('/jobs/v2/:id', { ...write, bodyLimit: jobBodyLimit }, (request) =>
    core.jobs.create(idOf(request), jsonOf(request)),
  );
  app.post('/jobs/v2/:id/cancel', write, (request) => core.jobs.cancel(idOf(request)));
  app.post(`${jobStopsPath}/:id/stop`, { config: { hub: { access, unversioned: true } } }, (request) =>
    core.jobs.stop(idOf(request)),
  );
}

const pageLimits = { minimum: 1, maximum: 1000, fallback: 100 };

/** Where the page stands comes in headers from SDKs, in parameters by the REST documentation. */
async function listJobs(request: FastifyRequest, reply: FastifyReply, jobs: RouteContext['core']['jobs']) {
  const parameters = parametersOf(request);
  const size = headerOf(request, 'x-ms-max-item-count') ?? parameters.get('pageSize') ?? undefined;
  const after = headerOf(request, 'x-ms-continuation') ?? parameters.get('continuationToken') ?? '';
  const page = await jobs.list(
    {
      status: statusOf(parameters),
      type: wordOf(parameters, 'jobType', jobTypes),
    },
    {
      limit: integerWithin(size, { name: 'the page size', ...pageLimits }),
      after: after === '' ? undefined : after,
    },
  );
  void reply.header('x-ms-item-type', 'JobResponse');
  if (page.next !== undefined) void reply.header('x-ms-continuation', page.next);
  return page.rows;
}

/** The Node SDK calls a completed job finished. */
function statusOf(parameters: URLSearchParams): JobStatus | undefined {
  const status = wordOf(parameters, 'jobStatus', [...jobStatuses, 'finished']);
  return status === 'finished' ? 'completed' : status;
}

function wordOf<Word extends string>(
  parameters: URLSearchParams,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '' || text === 'null' || text === 'undefined') return undefined;
  const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw new HubError('ArgumentInvalid', `${name} must be one of ${words.join(', ')}.`);
  return found;
}
