import { Failure } from '../../errors/index.ts';
import { identityNames, identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import { matchGlob } from '../../std/glob.ts';
import type { Hub } from '../ports.ts';
import { conditionOfGlobs, quoteLiteral } from './glob-condition.ts';

/** The modules that one of the patterns names, each once: `DEVICE/MODULE` with globs on either side. */
export async function* selectModules(
  hub: Pick<Hub, 'queries'>,
  patterns: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<IdentityPath, void, undefined> {
  if (patterns.length === 0) return;
  const split = patterns.map(identityNames);
  const condition = conditionOfGlobs(split.map(({ deviceId }) => deviceId));
  const text = `SELECT deviceId, moduleId FROM devices.modules${condition === undefined ? '' : ` WHERE ${condition}`}`;
  for await (const rows of hub.queries.query(text, signal === undefined ? {} : { signal })) {
    for (const row of rows) {
      const { deviceId, moduleId } = row;
      if (typeof deviceId !== 'string' || typeof moduleId !== 'string') continue;
      const isMeant = split.some(
        (pattern) => matchGlob(pattern.deviceId, deviceId) && matchGlob(pattern.moduleId, moduleId),
      );
      if (isMeant) yield identityPath(deviceId, moduleId);
    }
  }
}

/** The module, or the failure `device-not-found` when the hub does not know it. */
export async function existingModule(
  hub: Pick<Hub, 'queries'>,
  identity: IdentityPath,
  signal: AbortSignal | undefined,
): Promise<IdentityPath | Error> {
  const { deviceId, moduleId } = identityNames(identity);
  const where = `deviceId = ${quoteLiteral(deviceId)} AND moduleId = ${quoteLiteral(moduleId)}`;
  const text = `SELECT moduleId FROM devices.modules WHERE ${where}`;
  try {
    for await (const rows of hub.queries.query(text, signal === undefined ? {} : { signal })) {
      if (rows.length > 0) return identity;
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  return new Failure('device-not-found', `module ${identity} does not exist`, {
    hint: `iotctl module list ${deviceId}`,
    details: { deviceId, moduleId },
  });
}
