/** A thread that makes collectors, as many as it was told, and answers whether those that it tries collect. */
import { parentPort, workerData } from 'node:worker_threads';
import { createCollector } from '../../src/std/collect.ts';

/** Each that is tried takes time, and each that is made a context of its own. */
const everyTried = 50;

async function collects(collect: () => void): Promise<boolean> {
  const gone = new WeakRef({});
  // What a WeakRef was asked for stays until the end of the turn.
  await turn();
  collect();
  await turn();
  return gone.deref() === undefined;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

let allCollect = true;
for (let index = 0; index < (workerData as number); index++) {
  const collect = createCollector();
  if (index % everyTried === 0) allCollect &&= await collects(collect);
}
parentPort?.postMessage(allCollect, []);
