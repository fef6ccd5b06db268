import { spawn, type ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../../std/clock.ts';
import { killGroup } from '../../../std/process-group.ts';
import type { ProgramEnd, RunProgram } from './subject.ts';

/** What a program needs to find its way on a machine; nothing that opens anything. */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'PATHEXT',
] as const;

/** Between asking a program to end and ending it. */
const graceMs = 2_000;
/** What a program leaves running keeps its output open; nobody waits longer than this for that. */
const lastOutputMs = 250;
const longestLine = 4_096;

/**
 * Runs the commands of gates: without a shell, with an environment of their own, their standard input closed. A program that takes
 * longer than its time is ended together with what it has started.
 */
export function createProgramRunner(clock: Clock, env: Readonly<Record<string, string | undefined>>): RunProgram {
  const basis = Object.fromEntries(
    passedOn.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const])),
  );
  return ([file = '', ...words], options) =>
    new Promise((resolve, reject) => {
      const { signal, timeoutMs } = options;
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const child = spawn(file, words, {
        env: { ...basis, ...options.env },
        stdio: ['ignore', 'pipe', 'ignore'],
        // A group of its own, so that it can be ended with its children.
        detached: true,
        windowsHide: true,
      });
      const lastLine = keepLastLine(child);
      let ended: 'timed-out' | 'aborted' | undefined;
      const cancels: (() => void)[] = [];
      const end = (why: typeof ended): void => {
        ended ??= why;
        killGroup(child, 'SIGTERM');
        cancels.push(clock.after(graceMs, () => killGroup(child, 'SIGKILL')));
      };
      const onAbort = (): void => end('aborted');
      cancels.push(clock.after(timeoutMs, () => end('timed-out')));
      signal?.addEventListener('abort', onAbort, { once: true });
      const finish = (result: ProgramEnd): void => {
        for (const cancel of cancels) cancel();
        signal?.removeEventListener('abort', onAbort);
        child.stdout?.destroy();
        if (ended === 'aborted') reject(signal?.reason as Error);
        else if (ended === 'timed-out')
          resolve({ kind: 'timed-out', reason: `it took longer than ${timeoutMs / 1_000} s` });
        else resolve(result);
      };
      child.once('error', (error) => finish({ kind: 'not-started', reason: `cannot start ${file}: ${codeOf(error)}` }));
      child.once('exit', () => cancels.push(clock.after(lastOutputMs, () => child.stdout?.destroy())));
      child.once('close', (code, by) =>
        finish(
          code === null
            ? { kind: 'killed', reason: `it was ended by ${by ?? 'a signal'}` }
            : { kind: 'exited', code, lastLine: lastLine() },
        ),
      );
    });
}

function codeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'there is no such program';
  return code === 'EACCES' ? 'it may not be run' : error.message;
}

/** The last line with something in it, however much a program writes. */
function keepLastLine(child: ChildProcess): () => string {
  const decoder = new StringDecoder('utf8');
  let kept = '';
  let open = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (open + decoder.write(chunk)).split(/\r?\n/);
    open = (lines.pop() ?? '').slice(0, longestLine);
    kept = (lines.findLast((line) => line.trim() !== '') ?? kept).slice(0, longestLine);
  });
  return () => (open.trim() === '' ? kept : open);
}
