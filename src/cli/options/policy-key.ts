import type { PolicyKey } from '../../fleet/tokens/index.ts';
import type { CommandContext } from '../context.ts';

/** The key of the chosen profile's policy; undefined for one that signs in with Entra ID. */
export async function policyKeyOf(context: Pick<CommandContext, 'connection'>): Promise<PolicyKey | undefined> {
  const connection = await context.connection();
  if (connection.auth !== 'key') return undefined;
  return { hostName: connection.hostName, name: connection.sharedAccessKeyName, key: connection.sharedAccessKey };
}
