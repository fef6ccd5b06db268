import { commandTable } from './cli/commands/index.ts';
import type { Rooms } from './cli/rooms.ts';
import { run } from './cli/run.ts';
import type { ConnectionStringParts } from './config/index.ts';
import { Failure } from './errors/index.ts';
import type { ConnectionString } from './protocol/connection-string.ts';
import { formatDuration } from './std/duration.ts';
import { openSystem } from './system.ts';

/** The other rooms, each loaded when a command first asks for it. */
const rooms: Rooms = {
  async openProfiles({ directories, clock, env }) {
    const { openProfileStore } = await import('./config/index.ts');
    return openProfileStore({
      directory: directories.config,
      clock,
      keychain: env['IOTCTL_KEYCHAIN'] === 'off' ? 'off' : undefined,
    });
  },
  async resolveConnection({ profile, connectionStringFile, env, store, readStdin }) {
    const { resolveConnection } = await import('./config/index.ts');
    const { parseConnectionString } = await import('./protocol/connection-string.ts');
    const parse = (text: string): ConnectionStringParts => policyParts(parseConnectionString(text));
    return resolveConnection({ flags: { profile, connectionStringFile }, env, store, readStdin, parse });
  },
  async connectHub(connection, { clock, random, notes, version }) {
    const { connectHub } = await import('./client/index.ts');
    return connectHub(connection, {
      clock,
      random,
      userAgent: `iotctl/${version}`,
      onRetry: ({ reason, retryInMs }) => notes.warn(`${reason}; trying again in ${formatDuration(retryInMs)}`),
    });
  },
};

/** A connection string of the operator's side names a policy of the hub, not a device. */
function policyParts({
  hostName,
  sharedAccessKeyName,
  sharedAccessKey,
  deviceId,
}: ConnectionString): ConnectionStringParts {
  if (deviceId === undefined && sharedAccessKeyName !== undefined && sharedAccessKey !== undefined) {
    return { hostName, sharedAccessKeyName, sharedAccessKey };
  }
  const what = deviceId === undefined ? 'has no key of a policy' : "is a device's, not one of a hub policy";
  throw new Failure('invalid-connection-string', `the connection string ${what}`);
}

/** Runs the program on the real process; the launcher calls it. */
export async function main(): Promise<void> {
  await run(openSystem(), rooms, commandTable);
}
