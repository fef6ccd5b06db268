import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandTable } from '../../../src/cli/commands/index.ts';
import type { Rooms } from '../../../src/cli/rooms.ts';
import {
  openProfileStore,
  resolveConnection,
  type KeyConnection,
  type ProfileStore,
} from '../../../src/config/index.ts';
import { parsePolicyConnectionString as parse } from '../../../src/protocol/connection-string.ts';
import { realClock } from '../../support/real-clock.ts';
import { registryHub, type RegistryHub } from '../../support/registry-hub.ts';
import { emptyRooms, runLine, type FakeSystemOptions } from './fake-terminal.ts';

export interface Session {
  readonly hub: RegistryHub;
  readonly store: ProfileStore;
  readonly directory: string;
  /** Runs `iotctl WORDS` with this hub and these profiles. */
  readonly run: (words: readonly string[], options?: Omit<FakeSystemOptions, 'argv'>) => ReturnType<typeof runLine>;
}

const connection: KeyConnection = {
  name: 'memory',
  kind: 'local',
  auth: 'key',
  hostName: 'memory',
  sharedAccessKeyName: 'iothubowner',
  sharedAccessKey: 'bmV2ZXIgdG8gYmUgc2hvd24=',
  source: 'profile',
};

/** Real commands, frame and profiles over a hub in memory. `part` changes the connection, as for a protected profile. */
export async function withSession(
  work: (session: Session) => Promise<void>,
  part: Partial<KeyConnection> = {},
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'iotctl-commands-'));
  const store = openProfileStore({ directory: join(directory, 'config'), clock: realClock, keychain: 'off' });
  const hub = registryHub();
  const rooms: Rooms = {
    openProfiles: async () => store,
    connectHub: async () => hub,
    connectProvisioning: (...parts) => emptyRooms.connectProvisioning(...parts),
    resolveConnection: async ({ profile, connectionStringFile, env, readStdin }) => {
      const chosen = profile ?? connectionStringFile ?? env['IOTCTL_CONNECTION_STRING'];
      if (chosen === undefined && hub.stored.size > 0) return { ...connection, ...part };
      return resolveConnection({
        flags: { profile, connectionStringFile },
        env,
        store: async () => store,
        parse,
        readStdin,
      });
    },
  };
  try {
    await work({
      hub,
      store,
      directory,
      run: async (words, options = {}) =>
        runLine(
          commandTable,
          {
            ...options,
            argv: words,
            env: { NO_COLOR: '1', IOTCTL_CONFIG_DIR: join(directory, 'config'), ...options.env },
          },
          rooms,
        ),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
