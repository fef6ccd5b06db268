import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, failures, type FailureCode } from '../../errors/index.ts';
import type { HubReadiness } from './run-hub.ts';
import { isJsonObject, parseJsonObject } from '../../std/json.ts';
import { sleep, type Clock } from '../../std/clock.ts';

export interface DetachRequest {
  /** Executable and words that start the hub in the foreground, with `--ready-file` and `-o json`. */
  readonly words: readonly [executable: string, ...words: string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** That of another hub may stand there; the new one replaces it when it is ready. */
  readonly readyFile: string;
  /** Where the hub's log goes; made with mode 0600. */
  readonly logFile: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const pollMs = 25;

/**
 * Starts the hub as a process of its own and resolves when it is ready. A failure of the hub becomes a failure here, with the
 * same code; the log keeps the rest. Failures: timed-out, and those of a start in the foreground.
 */
export async function detachHub(request: DetachRequest): Promise<HubReadiness> {
  await mkdir(dirname(request.logFile), { recursive: true, mode: 0o700 });
  const log = await open(request.logFile, 'a', 0o600);
  const logStart = (await stat(request.logFile)).size;
  const [executable, ...words] = request.words;
  let ended: { readonly error?: Error } | undefined;
  let child: ChildProcess;
  try {
    child = spawn(executable, words, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...request.env },
      windowsHide: true,
    });
    child.once('error', (error) => (ended = { error }));
    child.once('exit', () => (ended ??= {}));
  } finally {
    await log.close();
  }
  const deadline = request.clock.monotonic() + request.timeoutMs;
  try {
    for (;;) {
      const info = await readReadyFile(request.readyFile, child.pid);
      if (info !== undefined) {
        child.unref();
        return info;
      }
      if (ended !== undefined) throw await failureOfChild(request.logFile, logStart, ended.error);
      if (request.clock.monotonic() >= deadline) {
        throw new Failure('timed-out', 'the hub is not ready yet', { hint: `see ${request.logFile}` });
      }
      await sleep(request.clock, pollMs, request.signal);
    }
  } catch (error) {
    if (ended === undefined) child.kill('SIGTERM');
    throw error;
  }
}

async function readReadyFile(path: string, pid: number | undefined): Promise<HubReadiness | undefined> {
  try {
    const info = JSON.parse(await readFile(path, 'utf8')) as HubReadiness;
    return info.pid === pid ? info : undefined;
  } catch {
    return undefined;
  }
}

/** The hub was told to write its failure as JSON; it is the last thing in the log. */
async function failureOfChild(logFile: string, from: number, error: Error | undefined): Promise<Failure> {
  if (error !== undefined) return new Failure('io', `the hub could not be started: ${error.message}`, { cause: error });
  const text = (await readFile(logFile)).subarray(from).toString('utf8');
  for (const line of text.trimEnd().split('\n').toReversed()) {
    const failure = parseFailure(line);
    if (failure !== undefined) return failure;
  }
  return new Failure('hub-failed', 'the hub ended before it was ready', { hint: `see ${logFile}` });
}

function parseFailure(line: string): Failure | undefined {
  const error = parseJsonObject(line)?.['error'];
  if (!isJsonObject(error) || typeof error['code'] !== 'string' || typeof error['message'] !== 'string')
    return undefined;
  if (!Object.hasOwn(failures, error['code'])) return undefined;
  const details = isJsonObject(error['details']) ? error['details'] : undefined;
  const hint = typeof error['hint'] === 'string' ? error['hint'] : undefined;
  return new Failure(error['code'] as FailureCode, error['message'], { hint, details });
}
