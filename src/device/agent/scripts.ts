import { execFile } from 'node:child_process';
import type { Clock } from '../../std/clock.ts';
import type { JsonObject } from '../../std/json.ts';
import type { MethodResponse } from '../../protocol/method.ts';
import { problem } from '../connection/method-channel.ts';

/** Scripts that a hub may have run: name to absolute file. Nothing else runs, and no argument comes from the network. */
export type AllowedScripts = ReadonlyMap<string, string>;

export interface ScriptOptions {
  readonly scripts: AllowedScripts;
  /** The scripts' whole environment: no secret of the agent's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly limits?: ScriptLimits;
}

interface ScriptLimits {
  readonly timeoutMs: number;
  /** Per stream; the script is ended when it writes more. */
  readonly outputBytes: number;
}

const lastOutputMs = 250;

/** Below the 30 s after which a hub gives a command up by default. */
const defaultLimits: ScriptLimits = { timeoutMs: 25_000, outputBytes: 32_768 };

/**
 * Runs a script without a shell. 200 when it ended by itself (`exitCode` says how), 403 when it is not on the list,
 * 504 when it took too long, 413 when it wrote too much, 500 when it could not be started.
 */
export async function runScript(name: unknown, options: ScriptOptions): Promise<MethodResponse> {
  if (typeof name !== 'string') return problem(400, 'script must be the name of an allowed script');
  const file = options.scripts.get(name);
  if (file === undefined) {
    const allowed = [...options.scripts.keys()].join(', ');
    return problem(403, `no script of this name is allowed here; allowed: ${allowed === '' ? 'none' : allowed}`);
  }
  const limits = options.limits ?? defaultLimits;
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [],
      {
        env: options.environment,
        timeout: limits.timeoutMs,
        maxBuffer: limits.outputBytes,
        killSignal: 'SIGKILL',
        windowsHide: true,
      },
      (error, stdout, stderr) => resolve(answer(error, { stdout, stderr }, limits)),
    );
    child.stdin?.end();
    // What a script leaves running in the background keeps its output open; the answer does not wait for that.
    child.once('exit', () =>
      options.clock.after(lastOutputMs, () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }),
    );
  });
}

type RunError = Error & { code?: string | number | null; killed?: boolean };

function answer(error: RunError | null, output: JsonObject, limits: ScriptLimits): MethodResponse {
  if (error === null) return { status: 200, payload: { exitCode: 0, ...output } };
  if (typeof error.code === 'number') return { status: 200, payload: { exitCode: error.code, ...output } };
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return {
      status: 413,
      payload: { message: `the script wrote more than ${limits.outputBytes} bytes and was ended`, ...output },
    };
  }
  if (error.killed === true) {
    return {
      status: 504,
      payload: { message: `the script took longer than ${limits.timeoutMs / 1_000} s and was ended`, ...output },
    };
  }
  return {
    status: 500,
    payload: { message: `the script could not be run: ${error.code ?? 'ended by a signal'}`, ...output },
  };
}
