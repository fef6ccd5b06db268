import type { FastifyInstance } from 'fastify';
import { artifactsPath } from '../../protocol/artifacts.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import type { MemoryBudget } from '../memory-budget.ts';

/** A body whose length nobody says counts as so much. */
const unknownLength = 256 * 1_024;

/** Takes room for each body that is gathered in memory, as soon as its sender has been let in; refuses what has none. HubError ServiceUnavailable. */
export function holdBodies(app: FastifyInstance, unfinished: MemoryBudget): void {
  app.addHook('preParsing', async (request, reply) => {
    const { headers, url } = request;
    // A firmware file goes to disk as it comes.
    if (url.toLowerCase().startsWith(`${artifactsPath}/`)) return;
    const said = headers['content-length'];
    const chunked = headers['transfer-encoding'] !== undefined;
    const bytes = said === undefined ? (chunked ? unknownLength : 0) : Number(said);
    if (!(bytes > 0)) return;
    // One that is too long anyway is refused by its length, and never held.
    const held = Math.min(bytes, request.routeOptions.bodyLimit ?? bytes);
    if (!unfinished.hold(held)) throw new HubError('ServiceUnavailable', 'The hub has no room for this body now.');
    reply.raw.once('close', () => unfinished.release(held));
  });
}
