import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A load program that goes on until it is told to end. */
export interface Held {
  /** The line it wrote when everything was in place. */
  readonly line: string;
  /** Ends it; throws with the end of its stderr when it says that something went wrong. */
  close(): Promise<void>;
}

/** Starts a load program, gives it its plan as a line, and resolves with its first line. */
export async function hold(program: string, plan: unknown): Promise<Held> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  child.stdin.on('error', () => undefined);
  const gone = once(child, 'close') as Promise<[number | null]>;
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), gone])) as [unknown];
  if (typeof line !== 'string') throw new Error(`${program} ended: ${errors}`);
  return {
    line,
    async close() {
      child.stdin.end();
      const [code] = await gone;
      if (code !== 0) throw new Error(errors);
    },
  };
}
