import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { IngestNews, IngestPlan } from './ingest-plan.ts';

const program = new URL('ingest-load.ts', import.meta.url).pathname;

/** The load process as the test sees it. */
export interface Ingest {
  /** Acknowledged so far. */
  readonly acked: number;
  /** When the first acknowledgements came after each cut, Unix milliseconds. */
  readonly firstAcks: readonly number[];
  /** Resolves when so many are acknowledged, or rejects when the load fails. */
  reaches(acked: number, withinMs?: number): Promise<void>;
  /** Sends nothing new, and resolves when all that was sent is acknowledged. */
  drain(withinMs?: number): Promise<Extract<IngestNews, { event: 'done' }>>;
  /** Stops the process as it is, until it goes on. */
  rest(): void;
  goOn(): void;
  end(): void;
}

export function startIngest(plan: IngestPlan): Ingest {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const firstAcks: number[] = [];
  let acked = 0;
  const done = Promise.withResolvers<Extract<IngestNews, { event: 'done' }>>();
  const waiting = new Set<() => void>();
  done.promise.catch(() => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const news = JSON.parse(line) as IngestNews;
    if (news.event === 'first-ack') firstAcks.push(news.at);
    else acked = news.acked;
    if (news.event === 'done') done.resolve(news);
    for (const look of waiting) look();
  });
  child.once('close', (code) => done.reject(new Error(`the load process ended with ${code}`)));
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  return {
    get acked() {
      return acked;
    },
    firstAcks,
    async reaches(wanted, withinMs = 60_000) {
      const reached = Promise.withResolvers<void>();
      const look = (): void => {
        if (acked >= wanted) reached.resolve();
      };
      const limit = setTimeout(
        () => reached.reject(new Error(`${acked} of ${wanted} messages acknowledged in ${withinMs} ms`)),
        withinMs,
      );
      waiting.add(look);
      look();
      try {
        await Promise.race([reached.promise, done.promise]);
      } finally {
        waiting.delete(look);
        clearTimeout(limit);
      }
    },
    async drain(withinMs = 60_000) {
      child.stdin.write('drain\n');
      const late = Promise.withResolvers<never>();
      const limit = setTimeout(() => late.reject(new Error(`not drained in ${withinMs} ms`)), withinMs);
      try {
        return await Promise.race([done.promise, late.promise]);
      } finally {
        clearTimeout(limit);
      }
    },
    rest: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    end: () => void child.kill('SIGKILL'),
  };
}
