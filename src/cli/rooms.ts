import type { Connection, ProfileStore } from '../config/profile.ts';
import type { Hub, Provisioning } from '../fleet/ports.ts';
import type { Clock } from '../std/clock.ts';
import type { Directories } from './directories.ts';
import type { Notes } from './output/notes.ts';

/** What the words and variables say about the hub to use. */
interface ConnectionChoice {
  readonly profile: string | undefined;
  readonly connectionStringFile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: () => Promise<ProfileStore>;
  readonly readStdin: () => Promise<string>;
}

/** The other rooms as the command line needs them; `src/main.ts` ties in the real ones, each loaded on first use. */
export interface Rooms {
  openProfiles(options: {
    directories: Directories;
    clock: Clock;
    env: ConnectionChoice['env'];
    uid: number | undefined;
    notes: Notes;
  }): Promise<ProfileStore>;
  /** Failures: no-hub, profile-not-found, invalid-connection-string, invalid-config. */
  resolveConnection(choice: ConnectionChoice): Promise<Connection>;
  connectHub(connection: Connection, options: ConnectOptions): Promise<Hub>;
  /** The provisioning service of a connection string of its own, or of iotctl's own hub. */
  connectProvisioning(connection: Connection, options: ConnectOptions): Promise<Provisioning>;
}

export interface ConnectOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly notes: Notes;
  readonly version: string;
  readonly env: ConnectionChoice['env'];
  /** Somebody sees what is said, and may sign in with a code. */
  readonly canSignIn: boolean;
}
