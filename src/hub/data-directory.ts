import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../errors/index.ts';
import { requireNoBrokenRestore } from './backup/swap.ts';
import { lockDirectory, type DataLock } from './lock.ts';
import { readStateFile, removeHubState } from './state.ts';

/** A directory that belongs to this hub until the release. */
export interface DataDirectory {
  readonly path: string;
  release(): Promise<void>;
}

/** Makes, protects and locks the directory. Failures: `hub-running` naming the process, `data-unusable`, and those of the file system. */
export async function openDataDirectory(options: {
  readonly dataDir: string;
  readonly ephemeral: boolean;
}): Promise<DataDirectory> {
  const path = options.ephemeral ? await mkdtemp(join(await realpath(tmpdir()), 'iotctl-hub-')) : options.dataDir;
  const discard = async (): Promise<void> => {
    if (options.ephemeral) await rm(path, { recursive: true, force: true });
  };
  try {
    const lock = await takeDirectory(path);
    return {
      path,
      async release() {
        await removeHubState(path);
        lock.release();
        await discard();
      },
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function takeDirectory(path: string): Promise<DataLock> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Keys and telemetry are for this user alone, also where the directory was there before.
  await chmod(path, 0o700);
  const lock = await lockDirectory(path);
  if (lock === undefined) throw await hubRunning(path);
  try {
    await requireNoBrokenRestore(path);
  } catch (error) {
    lock.release();
    throw error;
  }
  // What is left of a hub that was killed must not pass for this one.
  await removeHubState(path);
  return lock;
}

async function hubRunning(path: string): Promise<Failure> {
  const state = await readStateFile(path);
  const who = state === undefined ? 'another hub is starting or stopping' : `a hub runs already (process ${state.pid})`;
  return new Failure('hub-running', `${who} on ${path}`, state === undefined ? {} : { details: { pid: state.pid } });
}
