import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../architecture/source-files.ts';

export const launcher = join(repository, 'bin/iotctl.js');

interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A spawned process and what it says. */
interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves once the text was seen on either stream; rejects when the process ends without it. */
  says(text: string): Promise<void>;
}

/** A home of its own for a test: nothing of the machine's user is read or written. */
export interface Sandbox {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Starts the program on pipes. */
  start(words: readonly string[], options?: StartOptions): Running;
  /** Runs the program on pipes to its end. */
  run(words: readonly string[], options?: StartOptions): Promise<Finished>;
  /** Runs a shell command with `iotctl` on its PATH. */
  shell(command: string, options?: StartOptions & { shell?: string }): Promise<Finished>;
  remove(): Promise<void>;
}

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which then ends. */
  readonly input?: string;
}

export async function createSandbox(): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-e2e-'));
  const env: Readonly<Record<string, string>> = {
    PATH: `${join(repository, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
    HOME: directory,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    IOTCTL_CONFIG_DIR: join(directory, 'config'),
    IOTCTL_DATA_DIR: join(directory, 'data'),
    IOTCTL_STATE_DIR: join(directory, 'state'),
    IOTCTL_CACHE_DIR: join(directory, 'cache'),
    IOTCTL_KEYCHAIN: 'off',
    // Each has a home of its own, but not the compiling of the program.
    NODE_COMPILE_CACHE: join(repository, 'node_modules/.cache/iotctl-tests'),
    XDG_CONFIG_HOME: join(directory, 'xdg-config'),
    XDG_DATA_HOME: join(directory, 'xdg-data'),
  };
  const start = (command: string, words: readonly string[], options: StartOptions = {}): Running => {
    const child = spawn(command, words, { cwd: directory, env: { ...env, ...options.env }, stdio: 'pipe' });
    // A program that ends before it has read its input is no fault of the test.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    return watch(child);
  };
  return {
    directory,
    env,
    start: (words, options) => start(process.execPath, [launcher, ...words], options),
    run: (words, options) => start(process.execPath, [launcher, ...words], options).finished,
    shell: (command, options) =>
      start(
        options?.shell ?? 'bash',
        ['-c', `iotctl() { '${process.execPath}' '${launcher}' "$@"; }\n${command}`],
        options,
      ).finished,
    // A program that has just ended may still have been keeping compiled code.
    remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}

function watch(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  const waiting = new Set<{ text: string; found: () => void }>();
  const check = (): void => {
    for (const wait of waiting) if (stdout.includes(wait.text) || stderr.includes(wait.text)) wait.found();
  };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    check();
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    check();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ stdout, stderr, code, signal }));
  });
  return {
    child,
    finished,
    says: (text) =>
      new Promise((resolve, reject) => {
        waiting.add({ text, found: resolve });
        check();
        void finished.then(() => reject(new Error(`ended without saying "${text}":\n${stdout}${stderr}`)));
      }),
  };
}
