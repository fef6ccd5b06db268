/** Ends a process whose event loop is caught in one case: nothing inside it could any more. */
import { Worker } from 'node:worker_threads';
import { atScale } from '../../support/scale.ts';

export interface Watchdog {
  /** A case begins. */
  tick(): void;
  stop(): void;
}

const longestCaseMs = 20_000;
/** Short runs do without the thread. */
const startAfterMs = atScale({ smoke: 100, full: 0 });

const source = `
  const { workerData } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const shared = new Int32Array(workerData.shared);
  let before = -1;
  setInterval(() => {
    const now = Atomics.load(shared, 0);
    if (now === before) {
      writeSync(2, 'FUZZ HANG: ' + workerData.what + ', case ' + (now - 1) + ' does not end\\n');
      process.kill(process.pid, 'SIGKILL');
    }
    before = now;
  }, ${longestCaseMs});
`;

export function startWatchdog(what: string): Watchdog {
  const shared = new SharedArrayBuffer(4);
  const counter = new Int32Array(shared);
  let worker: Worker | undefined;
  const begin = performance.now();
  return {
    tick() {
      Atomics.add(counter, 0, 1);
      if (worker === undefined && performance.now() - begin >= startAfterMs) {
        worker = new Worker(source, { eval: true, workerData: { shared, what } });
        worker.unref();
      }
    },
    stop: () => void worker?.terminate(),
  };
}
