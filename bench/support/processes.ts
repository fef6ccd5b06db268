/** Child processes: run to the end and timed, or kept until they are stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** File for standard output; dropped when absent. */
  readonly stdoutFile?: string;
  /** Text for standard input. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly ms: number;
  readonly stdout: string;
}

const defaultTimeoutMs = 300_000;

/** Runs a program of this Node; wall-clock time from spawn to exit. Throws when it fails, with the end of its stderr. */
export async function runNode(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const file = options.stdoutFile === undefined ? undefined : openSync(options.stdoutFile, 'w', 0o600);
  try {
    const begin = performance.now();
    const child = spawn(process.execPath, args, {
      env: options.env ?? process.env,
      stdio: ['pipe', file ?? 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? defaultTimeoutMs);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    const ms = performance.now() - begin;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${signal ?? code}: ${errors().slice(-2_000)}`);
    return { ms, stdout: output() };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** Ends a child that was started here: SIGTERM, and SIGKILL when it does not listen. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
