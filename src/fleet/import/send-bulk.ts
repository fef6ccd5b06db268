import { isFailure } from '../../errors/index.ts';
import type { BulkDevice, BulkResult } from '../../protocol/identity.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { Hub } from '../ports.ts';

export interface Problem {
  readonly reason: string;
  readonly exists: boolean;
}

/** Sends one bulk; what it refused. A hub that refuses the whole bulk for one of its identities is asked for each alone. */
export async function sendBulk(
  hub: Pick<Hub, 'devices'>,
  writes: readonly BulkDevice[],
  signal: AbortSignal | undefined,
): Promise<Map<IdentityPath, Problem>> {
  const problems = new Map<IdentityPath, Problem>();
  if (writes.length === 0) return problems;
  try {
    for (const error of (await hub.devices.bulk(writes, signal)).errors)
      problems.set(identityPath(error.deviceId, error.moduleId ?? ''), problemOf(error));
  } catch (error) {
    if (!isFailure(error, 'refused', 'invalid-value', 'conflict')) throw error;
    const [only] = writes;
    if (only !== undefined && writes.length === 1)
      return problems.set(identityPath(only.id, only.moduleId ?? ''), { reason: error.message, exists: false });
    for (const write of writes)
      for (const [path, problem] of await sendBulk(hub, [write], signal)) problems.set(path, problem);
  }
  return problems;
}

function problemOf({ errorCode, errorStatus }: BulkResult['errors'][number]): Problem {
  const exists = /^(?:DeviceAlreadyExists|ModuleAlreadyExistsOnDevice|409\d*)$/.test(errorCode);
  return { reason: errorStatus === '' ? errorCode : errorStatus, exists };
}
