import type { FastifyInstance } from 'fastify';
import { containerGrantsPath, type ContainerGrant } from '../../../protocol/container-grant.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { blobPath, containerProblem } from '../../core/blobs/names.ts';
import { fieldsOf } from '../../core/untrusted.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { bytesOf, idOf, jsonOf } from '../request.ts';

const defaultLifeSeconds = 3_600;
const longestLifeSeconds = 7 * 86_400;

/** Gives out addresses of the hub's own containers, for import and export jobs. The right is that of the devices themselves. */
export function containerRoutes(app: FastifyInstance, { core, clock, publicHost }: RouteContext): void {
  const options = { config: { hub: { access: rights.writeDevices, unversioned: true } }, bodyLimit: 4_096 } as const;
  app.post(`${containerGrantsPath}/:id`, options, async (request): Promise<ContainerGrant> => {
    const container = idOf(request);
    const problem = containerProblem(container);
    if (problem !== undefined) throw new HubError('ArgumentInvalid', `The name of a container ${problem}.`);
    const { blobs } = core.files;
    if (blobs === undefined)
      throw new HubError('DefaultStorageEndpointNotConfigured', 'This hub has no place for files.');
    const body = bytesOf(request).length === 0 ? {} : jsonOf(request);
    const expiresAt = clock.now() + lifeSecondsOf(body) * 1_000;
    const query = await blobs.sign({ container, permissions: ['r', 'c', 'w', 'd', 'l'], expiresAt });
    return {
      uri: `https://${publicHost(request.raw)}${blobPath({ container })}${query}`,
      expiresAt: isoMillis(expiresAt),
    };
  });
}

function lifeSecondsOf(body: unknown): number {
  const seconds = fieldsOf(body, 'The request').get('lifetimeSeconds') ?? defaultLifeSeconds;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1 || seconds > longestLifeSeconds)
    throw new HubError('ArgumentInvalid', `lifetimeSeconds must be a whole number from 1 to ${longestLifeSeconds}.`);
  return seconds;
}
