/** The editor of the person at the terminal. */
import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, isFailure, toFailure } from '../../errors/index.ts';

export interface EditedFile {
  readonly path: string;
  /** Puts a text there, opens the editor and gives back what is there when it is closed. Failure: io, when it ends with an error. */
  edit(text: string): Promise<string>;
  remove(): Promise<void>;
}

export interface EditorOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** `twin.yaml`: editors colour by it. */
  readonly fileName: string;
  readonly signal: AbortSignal;
}

/** A file of the person's own (0600, in a directory of its own) for `$VISUAL` or `$EDITOR`, which may have arguments. */
export async function openEditedFile(options: EditorOptions): Promise<EditedFile> {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-edit-')).catch((error: unknown) => {
    throw toFailure(error);
  });
  const path = join(directory, options.fileName);
  const file = await open(path, 'wx', 0o600);
  await file.close();
  return {
    path,
    async edit(text) {
      await writeFile(path, text);
      await runEditor(path, options);
      return readFile(path, 'utf8');
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function runEditor(path: string, { env, platform, signal }: EditorOptions): Promise<void> {
  signal.throwIfAborted();
  const windows = platform === 'win32';
  const editor = filled(env['VISUAL']) ?? filled(env['EDITOR']) ?? (windows ? 'notepad' : 'vi');
  // As git does: the shell takes the variable apart, the file comes as an argument of its own. The editor's screen is the terminal
  // behind stderr, for stdout may be a pipe.
  const [command, words] = windows
    ? [`${editor} "${path}"`, []]
    : ['/bin/sh', ['-c', `${editor} "$1"`, 'editor', path]];
  const child = spawn(command, words, { stdio: [0, 2, 2], shell: windows, env: { ...env } });
  // Ctrl-C belongs to the editor while it runs; only an end from outside ends it.
  const onAbort = (): void => {
    if (isFailure(signal.reason, 'terminated')) child.kill('SIGTERM');
  };
  signal.addEventListener('abort', onAbort);
  try {
    const ended = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      child.once('close', (code, by) => resolve(code === 0 ? undefined : `ended with ${by ?? String(code)}`));
    });
    if (ended !== undefined) {
      throw new Failure('io', `the editor ${editor} ${ended}`, {
        hint: 'set VISUAL or EDITOR to an editor that works',
      });
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function filled(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}
