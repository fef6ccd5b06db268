import { spawn } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { Failure } from '../../../errors/index.ts';
import { messageOf } from '../../../std/message-of.ts';
import type { Clock } from '../../../std/clock.ts';
import { killGroup } from '../../../std/process-group.ts';
import { codeOf } from './own-file.ts';

export interface HookRun {
  readonly file: string;
  readonly args: readonly string[];
  /** The hook's whole environment; must hold no secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface HookEnd {
  /** undefined for a hook that was ended, or could not be run. */
  readonly exitCode: number | undefined;
  /** The last it wrote to both its outputs, in one line without control characters. */
  readonly output: string;
  /** Why there is no exit code. */
  readonly trouble?: string;
}

const keptOutput = 4_096;
const shownOutput = 200;
/** What a hook leaves running in the background may keep its outputs open; its end does not wait for that. */
const lastOutputMs = 250;

/** Whether there is a hook, and one that nobody else can change. Failure `permission-denied` when others may write to it. */
export async function hookExists(file: string): Promise<boolean> {
  try {
    const stats = await lstat(file);
    if (stats.isSymbolicLink()) throw refusal(file, 'is a symbolic link');
    if (!stats.isFile()) return false;
    if ((stats.mode & 0o022) !== 0) throw refusal(file, 'can be changed by other users');
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function refusal(file: string, words: string): Failure {
  return new Failure('permission-denied', `the hook ${file} ${words}, so it is not run`, {
    hint: `make it a file, and chmod 700 ${file}`,
  });
}

/** Runs a program without a shell, in a process group of its own, which is ended when it takes too long. */
export async function runHook(run: HookRun): Promise<HookEnd> {
  const { file, args, environment, limitMs, clock, signal } = run;
  if (signal?.aborted === true) return { exitCode: undefined, output: '', trouble: 'it was not run any more' };
  return new Promise((resolve) => {
    let kept = Buffer.alloc(0);
    let trouble: string | undefined;
    const child = spawn(file, args, { env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk: Buffer): void => {
      kept = Buffer.concat([kept, chunk]).subarray(-keptOutput);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (reason: string): void => {
      trouble ??= reason;
      killGroup(child);
    };
    const onAbort = (): void => end('the agent ended');
    const cancel = clock.after(limitMs, () => end(`it took longer than ${Math.round(limitMs / 1_000)} s`));
    signal?.addEventListener('abort', onAbort, { once: true });
    let isDone = false;
    const done = (exitCode: number | undefined): void => {
      if (isDone) return;
      isDone = true;
      cancel();
      signal?.removeEventListener('abort', onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode, output: oneLine(kept), ...(trouble !== undefined && { trouble }) });
    };
    child.once('error', (error) => {
      trouble ??= messageOf(error);
      done(undefined);
    });
    child.once('close', (code) => done(trouble === undefined ? (code ?? undefined) : undefined));
    child.once('exit', (code, by) => {
      if (by !== null) trouble ??= `it was ended by ${by}`;
      clock.after(lastOutputMs, () => done(trouble === undefined ? (code ?? undefined) : undefined));
    });
  });
}

/** What a hook's end says, in words for a report. */
export function describeEnd(name: string, { exitCode, output, trouble }: HookEnd): string {
  const words = trouble ?? `it ended with ${exitCode}`;
  return `the hook ${name}: ${words}${output === '' ? '' : `: ${output}`}`.slice(0, 400);
}

function oneLine(bytes: Buffer): string {
  const text = bytes.toString('utf8').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ');
  return text.trim().slice(-shownOutput).toWellFormed();
}
