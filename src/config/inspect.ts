/** A look at the configuration that changes nothing: for `doctor`. */
import { lstat, readdir } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename, join } from 'node:path';
import { isFailure } from '../errors/index.ts';
import { readFileUnchanged } from './private-files.ts';
import { parseProfile, parseSettings } from './profile-document.ts';
import { messageOf } from '../std/message-of.ts';

interface ConfigProblem {
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
  /** `unreadable` files cannot be used; `open` ones can be read or written by other users. */
  readonly kind: 'unreadable' | 'open' | 'foreign';
}

export interface ConfigInspection {
  readonly directory: string;
  readonly exists: boolean;
  readonly files: number;
  readonly problems: readonly ConfigProblem[];
}

/** Checks every file under the configuration directory. `uid` is the user's id where the system has such. */
export async function inspectConfiguration(directory: string, uid?: number): Promise<ConfigInspection> {
  const exists = await lstat(directory).then(
    () => true,
    () => false,
  );
  if (!exists) return { directory, exists, files: 0, problems: [] };
  const profiles = join(directory, 'profiles');
  const secrets = join(directory, 'secrets');
  const problems: ConfigProblem[] = [];
  for (const path of [directory, profiles, secrets]) problems.push(...(await accessProblems(path, uid)));
  const settings = join(directory, 'settings.json');
  const files = [settings, ...(await filesIn(profiles, '.json')), ...(await filesIn(secrets, '.key'))];
  let count = 0;
  for (const path of files) {
    problems.push(...(await accessProblems(path, uid)));
    const text = await readFileUnchanged(path).catch((error: unknown) => {
      problems.push({
        path,
        kind: 'unreadable',
        problem: messageOf(error),
        remedy: `look at ${path}`,
      });
      return undefined;
    });
    if (text === undefined) continue;
    count++;
    const problem = problemOfContent(path, text, settings);
    if (problem !== undefined) problems.push(problem);
  }
  return { directory, exists, files: count, problems };
}

async function filesIn(directory: string, ending: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => name.endsWith(ending)).map((name) => join(directory, name));
}

async function accessProblems(path: string, uid: number | undefined): Promise<ConfigProblem[]> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined || platform() === 'win32') return [];
  if (uid !== undefined && stats.uid !== uid) {
    return [
      {
        path,
        kind: 'foreign',
        problem: `it belongs to another user (uid ${stats.uid})`,
        remedy: `sudo chown ${uid} ${path}`,
      },
    ];
  }
  if (stats.isSymbolicLink() || (stats.mode & 0o077) === 0) return [];
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  return [
    {
      path,
      kind: 'open',
      problem: `other users may use it (mode ${mode})`,
      remedy: `chmod ${stats.isDirectory() ? '700' : '600'} ${path}`,
    },
  ];
}

function problemOfContent(path: string, text: string, settings: string): ConfigProblem | undefined {
  if (path.endsWith('.key')) return undefined;
  try {
    if (path === settings) parseSettings(text, path);
    else parseProfile(text, basename(path, '.json'), path);
    return undefined;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { path, kind: 'unreadable', problem: error.message, remedy: error.hint ?? 'correct the file' };
  }
}
