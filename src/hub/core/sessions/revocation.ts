import { identityPath } from '../../../protocol/identity-path.ts';
import type { RegistryStore, Sender } from '../ports.ts';
import type { SessionEnd } from '../services.ts';

/**
 * What took the right to be connected away since the sender's credentials were checked; undefined when nothing did.
 * `provedAt` is the identity's write counter at the check.
 */
export async function findRevocation(
  store: Pick<RegistryStore, 'readCredentials'>,
  sender: Sender,
  provedAt: number | undefined,
): Promise<SessionEnd | undefined> {
  const { deviceId, generationId, auth } = sender;
  const identity = identityPath(deviceId, sender.moduleId);
  const record = await store.readCredentials(identity);
  if (record === undefined || record.generationId !== generationId) return 'deleted';
  if (record.status === 'disabled') return 'disabled';
  // A session that came with a policy's token does not rest on the identity's own keys.
  return auth.scope !== 'hub' && provedAt !== undefined && record.identityCounter !== provedAt
    ? 'key-changed'
    : undefined;
}
