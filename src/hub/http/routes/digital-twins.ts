import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { bytesOf, callerSignal, idOf, ifMatchOf, integerWithin, jsonOf, parametersOf } from '../request.ts';

const bodyLimit = 192 * 1024;

/** Twins in the words of their model. Source: service.md §3.4. */
export function digitalTwinRoutes(app: FastifyInstance, { core, stopping }: RouteContext): void {
  const read = { config: { hub: { access: rights.twins } } };
  const write = { ...read, bodyLimit };
  const call = { config: { hub: { access: rights.methods, envelope: 'nested' } }, bodyLimit } as const;

  app.get('/digitaltwins/:id', read, async (request, reply) => {
    const { twin, etag } = await core.digitalTwins.get(idOf(request));
    void reply.header('etag', `"${etag}"`);
    return twin;
  });
  app.patch('/digitaltwins/:id', write, async (request, reply) => {
    const etag = await core.digitalTwins.patch(idOf(request), jsonOf(request), ifMatchOf(request));
    const location = `https://${request.host}/digitaltwins/${encodeURIComponent(idOf(request))}`;
    return reply.code(202).header('etag', `"${etag}"`).header('location', location).send();
  });
  const invoke = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => invokeOne(request, reply);
  app.post('/digitaltwins/:id/commands/:command', call, invoke);
  app.post('/digitaltwins/:id/components/:component/commands/:command', call, invoke);

  async function invokeOne(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { command, component } = request.params as { command: string; component?: string };
    const parameters = parametersOf(request);
    const { status, payload } = await core.digitalTwins.invoke(
      idOf(request),
      {
        name: command,
        component,
        payload: bytesOf(request).length === 0 ? null : jsonOf(request),
        connectTimeoutInSeconds: secondsOf(parameters, 'connectTimeoutInSeconds'),
        responseTimeoutInSeconds: secondsOf(parameters, 'responseTimeoutInSeconds'),
      },
      callerSignal(reply, stopping),
    );
    return reply
      .header('x-ms-command-statuscode', String(status))
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(payload));
  }
}

/** The hub's own bounds and defaults apply to what is given. */
function secondsOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  return text === '' ? undefined : integerWithin(text, { name, minimum: 0, maximum: 300, fallback: 0 });
}
