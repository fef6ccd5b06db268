/** The program in this process, with the real rooms, clock and files: hundreds of command lines take seconds, not minutes. */
import { Readable, Writable } from 'node:stream';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import { run } from '../../../../src/cli/run.ts';
import type { System } from '../../../../src/cli/system.ts';
import { rooms } from '../../../../src/main.ts';
import { openSystem } from '../../../../src/system.ts';
import { launcher, type Sandbox } from '../../../e2e/harness/sandbox.ts';
import { splitWords } from '../../../cli/support/split-words.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** Both in the order they were written, as one terminal shows them. */
  readonly screen: Buffer;
  readonly code: number | undefined;
}

export interface RunOptions {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly stdin?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A line that has not ended by itself is interrupted, as by Ctrl-C. */
  readonly endAfterMs?: number | undefined;
}

/** A line that does not even end when it is interrupted fails its test. */
const hardEndMs = 20_000;

/** Runs one line in a sandbox; `{dir}` in its words is the sandbox's directory. */
export async function runHere(
  sandbox: Sandbox,
  line: string | readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const words = typeof line === 'string' ? splitWords(line) : line;
  const argv = words.map((word) => word.replaceAll('{dir}', sandbox.directory));
  const order: Buffer[] = [];
  const stdout = capture(options, order);
  const stderr = capture(options, order);
  const handlers = new Map<string, () => void>();
  let code: number | undefined;
  const real = openSystem();
  const system: System = {
    ...real,
    argv,
    env: { ...sandbox.env, ...options.env },
    homeDirectory: sandbox.directory,
    stdin: Object.assign(Readable.from([options.stdin ?? '']), { isTTY: false }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    onSignal(name, handler) {
      handlers.set(name, handler);
      return () => handlers.delete(name);
    },
    onCrash: () => () => undefined,
    exit(value) {
      code ??= value;
    },
    runtime: { ...real.runtime, program: [process.execPath, launcher] },
  };
  const timer = setTimeout(() => handlers.get('SIGINT')?.(), options.endAfterMs ?? 4_000);
  let late: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new Error(`never ends: ${argv.join(' ')}`)), hardEndMs);
  });
  try {
    await Promise.race([run(system, rooms, commandTable), never]);
  } finally {
    clearTimeout(timer);
    clearTimeout(late);
  }
  return { stdout: stdout.text(), stderr: stderr.text(), screen: Buffer.concat(order), code };
}

function capture({ isTTY = false, columns = 160 }: RunOptions, order: Buffer[]) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      order.push(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY, columns, rows: 50 }),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
