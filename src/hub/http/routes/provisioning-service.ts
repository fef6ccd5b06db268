import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { Permission } from '../../core/services.ts';
import type { EnrollmentCollection, Page, PageRequest } from '../../core/provisioning/service.ts';
import { fieldsOf, stringField } from '../../core/untrusted.ts';
import type { RouteContext } from '../app.ts';
import { bytesOf, headerOf, idOf, ifMatchOf, integerWithin, jsonOf } from '../request.ts';

const pageLimits = { name: 'x-ms-max-item-count', minimum: 1, maximum: 1000, fallback: 100 };
const enrollmentBodyLimit = 512 * 1024;

function needing(...access: Permission[]) {
  return { config: { hub: { access, envelope: 'provisioning' as const } }, bodyLimit: enrollmentBodyLimit };
}

/** Enrollments and registrations, for services. Source: service.md §10.1. */
export function provisioningServiceRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const { enrollments, groups, registrations } = core.provisioning;
  enrollmentRoutes(app, '/enrollments', 'Enrollment', enrollments);
  enrollmentRoutes(app, '/enrollmentGroups', 'EnrollmentGroup', groups);

  const read = needing('RegistrationStatusRead');
  const write = needing('RegistrationStatusWrite');
  app.get('/registrations/:id', read, async (request, reply) =>
    withEtag(reply, await registrations.get(idOf(request))),
  );
  app.delete('/registrations/:id', write, async (request, reply) => {
    await registrations.delete(idOf(request), ifMatchOf(request));
    return reply.code(204).send();
  });
  app.post('/registrations/:id/query', read, (request, reply) =>
    answerPage(request, reply, 'DeviceRegistration', (query, page) =>
      registrations.ofGroup(idOf(request), query, page),
    ),
  );

  const extension = needing('EnrollmentRead');
  app.get(
    '/iotctl/provisioning',
    { config: { hub: { ...extension.config.hub, unversioned: true as const } } },
    async () => ({ idScope: await core.provisioning.idScope() }),
  );
  app.get(
    '/iotctl/provisioning/registrations/:id/forecast',
    { config: { hub: { ...extension.config.hub, unversioned: true as const } } },
    (request) => registrations.explain(idOf(request)),
  );
}

function enrollmentRoutes<Enrollment extends { readonly etag: string }>(
  app: FastifyInstance,
  path: string,
  itemType: string,
  collection: EnrollmentCollection<Enrollment>,
): void {
  const read = needing('EnrollmentRead');
  const write = needing('EnrollmentWrite');
  app.get(`${path}/:id`, read, async (request, reply) => withEtag(reply, await collection.get(idOf(request))));
  app.put(`${path}/:id`, write, async (request, reply) =>
    withEtag(reply, await collection.put(idOf(request), jsonOf(request), ifMatchOf(request))),
  );
  app.delete(`${path}/:id`, write, async (request, reply) => {
    await collection.delete(idOf(request), ifMatchOf(request));
    return reply.code(204).send();
  });
  // Whoever may write enrollments could set the keys anew, so reading them takes the same right.
  app.post(`${path}/:id/attestationmechanism`, write, (request) => collection.attestation(idOf(request)));
  app.post(path, write, (request) => collection.bulk(jsonOf(request)));
  app.post(`${path}/query`, read, (request, reply) =>
    answerPage(request, reply, itemType, (query, page) => collection.query(query, page)),
  );
}

async function answerPage<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  itemType: string,
  read: (query: string, page: PageRequest) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const limit = integerWithin(headerOf(request, 'x-ms-max-item-count'), pageLimits);
  const { items, next } = await read(queryOf(request), { limit, after: headerOf(request, 'x-ms-continuation') });
  void reply.header('x-ms-item-type', itemType);
  // Absent on the last page: SDKs take the header's presence for "there is more".
  if (next !== undefined) void reply.header('x-ms-continuation', next);
  return items;
}

/** The SDK passes its argument through: an object with the query, or the bare text as JSON. */
function queryOf(request: FastifyRequest): string {
  if (bytesOf(request).length === 0) return '*';
  const body = jsonOf(request);
  const query = typeof body === 'string' ? body : stringField(fieldsOf(body, 'The body'), 'query');
  if (query === undefined) throw new HubError('ArgumentNull', 'The body needs a member query.');
  return query;
}

function withEtag<Value extends { readonly etag: string }>(reply: FastifyReply, value: Value): Value {
  void reply.header('etag', `"${value.etag}"`);
  return value;
}
