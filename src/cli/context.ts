/** What a command may use. Costly things are functions, so that `--help` opens nothing. */
import type { Connection } from '../config/profile.ts';
import type { ProfileStore } from '../config/index.ts';
import type { Hub, Provisioning } from '../fleet/ports.ts';
import type { Clock } from '../std/clock.ts';
import type { Output } from './output/output.ts';
import type { Notes } from './output/notes.ts';
import type { Prompt } from './prompt/prompt.ts';
import type { Runtime } from './system.ts';

export interface CommandContext {
  /** The result: stdout. */
  readonly output: Output;
  /** The conversation: stderr. */
  readonly notes: Notes;
  readonly prompt: Prompt;
  readonly clock: Clock;
  /** In [0, 1), for jitter and ids; never for keys. */
  readonly random: () => number;
  readonly runtime: Runtime;
  /** As `process.platform`. */
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C and SIGTERM. The reason is a Failure `interrupted` or `terminated`. */
  readonly signal: AbortSignal;
  /** `--yes` was given. */
  readonly assumeYes: boolean;
  readonly stdin: {
    readonly isTTY: boolean;
    text(): Promise<string>;
    bytes(): Promise<Uint8Array>;
    lines(): AsyncIterable<string>;
    stream(): NodeJS.ReadableStream;
  };
  /** The chosen hub: flag, environment, profile, or Failure `no-hub`. */
  hub(): Promise<Hub>;
  /**
   * The provisioning service: a connection string of its own, by a file or by IOTCTL_DPS_CONNECTION_STRING[_FILE], or that of
   * iotctl's own hub. Failure `unsupported` for a hub in the cloud, whose provisioning service nobody named.
   */
  provisioning(connectionStringFile: string | undefined): Promise<Provisioning>;
  /** The same choice without opening a connection. */
  connection(): Promise<Connection>;
  profiles(): Promise<ProfileStore>;
  readonly directories: {
    readonly config: string;
    readonly state: string;
    readonly cache: string;
    readonly data: string;
  };
}
