import type { FastifyInstance } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { fieldsOf, stringField } from '../../core/untrusted.ts';
import { headerOf, integerWithin, jsonOf } from '../request.ts';

const maxQueryLength = 8192;
const pageLimits = { name: 'x-ms-max-item-count', minimum: 1, maximum: 1000, fallback: 100 };

/** The query language, page by page. Source: service.md §5.1. */
export function queryRoutes(app: FastifyInstance, { core }: RouteContext): void {
  app.post(
    '/devices/query',
    { config: { hub: { access: rights.query } }, bodyLimit: 64 * 1024 },
    async (request, reply) => {
      const text = stringField(fieldsOf(jsonOf(request), 'The body'), 'query');
      if (text === undefined) throw new HubError('ArgumentNull', 'The body needs a member query.');
      if (text.length > maxQueryLength)
        throw new HubError('ArgumentInvalid', `A query must not be longer than ${maxQueryLength} characters.`);
      const limit = integerWithin(headerOf(request, 'x-ms-max-item-count'), pageLimits);
      const after = headerOf(request, 'x-ms-continuation');
      const page = await core.queries.run(text, after === undefined || after === '' ? { limit } : { limit, after });
      void reply.header('x-ms-item-type', page.type);
      // Absent on the last page: SDKs take the header's presence for "there is more".
      if (page.next !== undefined) void reply.header('x-ms-continuation', page.next);
      return page.rows;
    },
  );
}
