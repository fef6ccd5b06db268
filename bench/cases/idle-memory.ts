import { setTimeout as delay } from 'node:timers/promises';
import type { BenchCase } from '../support/case.ts';
import { startHub } from '../support/hub.ts';
import { residentMb } from '../support/memory.ts';
import { median } from '../support/samples.ts';

export const idleMemory: BenchCase = {
  name: 'idle-memory',
  question: 'How much memory does an idle hub hold, and how soon is it ready?',
  async run({ workspace, small }) {
    const memory: number[] = [];
    const first: number[] = [];
    const again: number[] = [];
    for (let run = 0; run < (small ? 1 : 5); run++) {
      const own = await workspace.fresh('idle-memory');
      const fresh = await startHub(own);
      first.push(fresh.readyMs);
      await fresh.stop();
      const hub = await startHub(own);
      again.push(hub.readyMs);
      try {
        await delay(small ? 500 : 5_000);
        memory.push(residentMb(hub.pid));
      } finally {
        await hub.stop();
      }
    }
    return {
      measures: [
        { name: 'resident memory, idle', unit: 'MB', samples: memory },
        { name: 'hub start to ready, first time', unit: 'ms', samples: first },
        { name: 'hub start to ready, again', unit: 'ms', samples: again },
      ],
      figures: [{ name: 'resident memory, idle', value: median(memory), unit: 'MB', target: { atMost: 120 } }],
      notes: [
        'All four listeners up, no device connected, five seconds after the start. The first start makes certificates and keys.',
      ],
    };
  },
};
