import { commandTable } from '../../../src/cli/commands/index.ts';
import type { Rooms } from '../../../src/cli/rooms.ts';
import type { KeyConnection } from '../../../src/config/index.ts';
import type { Hub } from '../../../src/fleet/ports.ts';
import { emptyRooms, runLine, type FakeSystemOptions } from './fake-terminal.ts';

export type Ended = Awaited<ReturnType<typeof runLine>>;

const connection: KeyConnection = {
  name: 'test',
  kind: 'local',
  auth: 'key',
  hostName: 'memory',
  sharedAccessKeyName: 'iothubowner',
  sharedAccessKey: 'QUJD',
  source: 'profile',
};

/** Rooms with one hub; nothing else. */
export function roomsWith(hub: Hub, more: Partial<KeyConnection> = {}): Rooms {
  return {
    ...emptyRooms,
    resolveConnection: async () => ({ ...connection, ...more }),
    connectHub: async () => hub,
  };
}

/** Types a command line at a terminal, or into a pipe, in front of this hub. */
export function type(hub: Hub, argv: readonly string[], options: Omit<FakeSystemOptions, 'argv'> = {}): Promise<Ended> {
  return runLine(commandTable, { ...options, argv }, roomsWith(hub));
}
