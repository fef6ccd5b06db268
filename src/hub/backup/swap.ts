import { mkdtempSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toFailure } from '../../errors/index.ts';
import { syncDirectory } from '../../std/atomic-file.ts';
import { messageOf } from '../../std/message-of.ts';
import { removeHubState } from '../state.ts';
import { databaseNames, isNameOfHub, workPrefix } from './names.ts';

type Rename = (from: string, to: string) => void;

/** What counts as the data of a hub: neither lock nor log nor what this machine made of its ports, nor what no hub makes, which stays where it is. */
export async function dataIn(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir);
  return names.filter((name) => !/^hub\.(?:lock|log|ports)/.test(name) && isNameOfHub(name));
}

/**
 * Puts what was unpacked in `work` in the place of the data. When that fails, what was there is put back; what cannot be put back
 * stays in a directory that the failure names. Nothing is removed before the new data stands.
 */
export async function swap(dataDir: string, work: string, rename: Rename = renameSync): Promise<void> {
  const present = (await dataIn(dataDir)).filter((name) => name !== 'hub.json');
  await removeHubState(dataDir);
  // From here on nothing is awaited until the new data stands: no signal comes in between.
  const replaced = mkdtempSync(join(dataDir, workPrefix.replaced));
  const done: [from: string, to: string][] = [];
  const move = (name: string, from: string, to: string): void => {
    const step: [string, string] = [join(from, name), join(to, name)];
    rename(...step);
    done.push(step);
  };
  try {
    // The registry goes first and comes last: where there is one, nothing is missing beside it.
    for (const name of registryFirst(present)) move(name, dataDir, replaced);
    for (const name of registryFirst(readdirSync(work)).toReversed()) move(name, work, dataDir);
  } catch (error) {
    throw undo(error, done.toReversed(), replaced, rename);
  }
  await syncDirectory(dataDir);
  await chmod(dataDir, 0o700);
  await rm(replaced, { recursive: true, force: true });
}

/**
 * To be asked before a hub begins in a directory. Failure `data-unusable` when a restore that was broken off has taken the registry
 * away: a hub would begin anew beside what it has.
 */
export async function requireNoBrokenRestore(dataDir: string): Promise<void> {
  const names = await readdir(dataDir);
  if (names.includes(databaseNames[0])) return;
  const replaced = names.find((name) => name.startsWith(workPrefix.replaced));
  if (replaced === undefined) return;
  throw new Failure('data-unusable', `a restore into ${dataDir} was broken off`, {
    hint: `the data that was there is in ${join(dataDir, replaced)}: move it back, or restore again: iotctl hub restore FILE --force`,
  });
}

function registryFirst(names: readonly string[]): string[] {
  const [registry] = databaseNames;
  return names.toSorted((left, right) => Number(right === registry) - Number(left === registry));
}

/** Takes the renames back, the last first, and says in what state that leaves the directory. */
function undo(
  error: unknown,
  done: readonly (readonly [from: string, to: string])[],
  replaced: string,
  rename: Rename,
): Failure {
  const { code, message } = toFailure(error);
  try {
    for (const [from, to] of done) rename(to, from);
    rmdirSync(replaced);
    return new Failure(code, `${message}; nothing was replaced`, { cause: error });
  } catch (again) {
    return new Failure(code, `${message}; and what was there could not be put back: ${messageOf(again)}`, {
      hint: `the data that was there is in ${replaced}: move it back`,
      cause: error,
    });
  }
}
