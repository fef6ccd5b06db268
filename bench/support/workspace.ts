import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode, type RunOptions, type RunResult } from './processes.ts';

/** The launcher that is measured. */
export const launcher = fileURLToPath(new URL('../../bin/iotctl.js', import.meta.url));

/** A temporary directory with iotctl's own directories inside, so that no run sees the user's profiles or hubs. */
export interface Workspace {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs iotctl to its end. */
  iotctl(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** A new empty workspace inside, for a run that must begin from nothing. */
  fresh(name: string): Promise<Workspace>;
  remove(): Promise<void>;
}

/** `extra` is added to the environment of iotctl and its hubs, not of peers. */
export async function createWorkspace(extra: NodeJS.ProcessEnv = {}): Promise<Workspace> {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-bench-'));
  return openWorkspace(directory, join(directory, 'cache'), extra);
}

function openWorkspace(directory: string, cache: string, extra: NodeJS.ProcessEnv): Workspace {
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('IOTCTL_'))),
    IOTCTL_CONFIG_DIR: join(directory, 'config'),
    IOTCTL_DATA_DIR: join(directory, 'data'),
    IOTCTL_STATE_DIR: join(directory, 'state'),
    // Shared by all workspaces of a run: the compile cache is warm in daily use.
    IOTCTL_CACHE_DIR: cache,
    IOTCTL_KEYCHAIN: 'off',
    NO_COLOR: '1',
    ...extra,
  };
  return {
    directory,
    env,
    iotctl: (args, options) => runNode([launcher, ...args], { ...options, env }),
    async fresh(name) {
      const inner = join(directory, name);
      await rm(inner, { recursive: true, force: true });
      await mkdir(inner);
      return openWorkspace(inner, cache, extra);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
