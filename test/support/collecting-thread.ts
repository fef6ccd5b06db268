/** A thread that makes collectors, as many as it was told, and answers how many of them collect. */
import { parentPort, workerData } from 'node:worker_threads';
import { createCollector } from '../../src/std/collect.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function collects(collect: () => void): Promise<boolean> {
  const gone = new WeakRef({});
  // What a WeakRef was asked for stays until the end of the turn.
  await turn();
  collect();
  await turn();
  return gone.deref() === undefined;
}

const collectors = Array.from({ length: workerData as number }, () => createCollector());
let working = 0;
for (const collector of collectors) if (await collects(collector)) working++;
parentPort?.postMessage(working);
