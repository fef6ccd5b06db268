import type { ConnectOptions, Rooms } from './cli/rooms.ts';
import type { HubAddress } from './config/profile.ts';
import type { ClientDependencies } from './client/http/service-client.ts';
import { openSystem } from './system.ts';

/** The other rooms, each loaded when a command first asks for it. */
export const rooms: Rooms = {
  async openProfiles({ directories, clock, env, uid, notes }) {
    const { openProfileStore } = await import('./config/profile-store.ts');
    return openProfileStore({
      directory: directories.config,
      clock,
      uid,
      onNote: (text) => notes.info(text),
      keychain: env['IOTCTL_KEYCHAIN'] === 'off' ? 'off' : undefined,
    });
  },
  async resolveConnection({ profile, connectionStringFile, env, store, readStdin }) {
    const { resolveConnection } = await import('./config/resolve-connection.ts');
    const { parsePolicyConnectionString: parse } = await import('./protocol/connection-string.ts');
    return resolveConnection({ flags: { profile, connectionStringFile }, env, store, readStdin, parse });
  },
  async connectHub(connection, options) {
    const { connectHub } = await import('./client/index.ts');
    return connectHub(connection, await dependenciesOf(connection, options));
  },
  async connectProvisioning(connection, options) {
    const { connectProvisioning } = await import('./client/index.ts');
    return connectProvisioning(connection, await dependenciesOf(connection, options));
  },
};

async function dependenciesOf(
  connection: Pick<HubAddress, 'tier' | 'units'>,
  { clock, random, notes, version, env, canSignIn }: ConnectOptions,
) {
  const { formatDuration } = await import('./std/duration.ts');
  const { describeWait } = await import('./cli/output/describe-wait.ts');
  return {
    clock,
    random,
    userAgent: `iotctl/${version}`,
    env,
    ...(canSignIn && { onSignIn: (message: string) => notes.warn(message) }),
    onWait: (event) => notes.info(describeWait(event, connection)),
    onRetry: ({ reason, retryInMs }) => notes.warn(`${reason}; trying again in ${formatDuration(retryInMs)}`),
  } satisfies ClientDependencies;
}

/** Runs the program on the real process; the launcher calls it. */
export async function main(): Promise<void> {
  const system = openSystem();
  const { run } = await import('./cli/run.ts');
  const { commandTable } = await import('./cli/commands/index.ts');
  await run(system, rooms, commandTable);
}
