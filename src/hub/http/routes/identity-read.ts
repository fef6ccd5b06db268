import type { FastifyInstance } from 'fastify';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { DeviceIdentity, ModuleIdentity } from '../../../protocol/identity.ts';
import { isModulePath, type IdentityPath } from '../../../protocol/identity-path.ts';
import { identityReadLimit, identityReadPath, type IdentityReadAnswer } from '../../../protocol/identity-read.ts';
import type { RegistryService } from '../../core/services.ts';
import { fieldsOf } from '../../core/untrusted.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';
import { jsonOf } from '../request.ts';

/** Identities of the longest names. */
const bodyLimit = 512 * 1024;

/** Reads many identities at once; those that are not there are left out. */
export function identityReadRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: rights.readDevices, unversioned: true } }, bodyLimit } as const;
  app.post(identityReadPath, options, async (request): Promise<IdentityReadAnswer> => {
    const paths = readPaths(jsonOf(request));
    const found = await Promise.all(paths.map((path) => readIfThere(core.registry, path)));
    return { identities: found.filter((identity) => identity !== undefined) };
  });
}

function readPaths(body: unknown): readonly IdentityPath[] {
  const paths = fieldsOf(body, 'The request').get('identities');
  const valid = Array.isArray(paths) && paths.length <= identityReadLimit;
  if (!valid || !paths.every((path) => typeof path === 'string'))
    throw new HubError('ArgumentInvalid', `identities must be a list of at most ${identityReadLimit} names.`);
  return paths;
}

async function readIfThere(
  registry: RegistryService,
  path: IdentityPath,
): Promise<DeviceIdentity | ModuleIdentity | undefined> {
  try {
    return await (isModulePath(path) ? registry.modules.get(path) : registry.get(path));
  } catch (error) {
    if (error instanceof HubError && error.status === 404) return undefined;
    throw error;
  }
}
