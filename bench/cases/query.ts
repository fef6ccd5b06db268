import type { BenchCase, CaseContext, CaseResult } from '../support/case.ts';
import { startHub } from '../support/hub.ts';
import { residentMb } from '../support/memory.ts';
import { indexedQuery, lotSize, scannedQuery, timeQuery, waitForIndex } from '../support/queries.ts';
import { alternate, median } from '../support/samples.ts';
import { seedRegistry } from '../support/seed.ts';
import { openService } from '../support/service.ts';

export const query: BenchCase = {
  name: 'query',
  question: 'How long does a query over 100,000 devices take with a tag that is indexed, and without?',
  run: (context) => measure(context, context.small ? 3_000 : 100_000, context.small ? 3 : 15),
};

export const queryMillion: BenchCase = {
  name: 'query-million',
  question: 'How long does a query over 1,000,000 devices take with a tag that is indexed, and without?',
  run: (context) => measure(context, context.small ? 20_000 : 1_000_000, 5),
};

async function measure(context: CaseContext, count: number, runs: number): Promise<CaseResult> {
  const own = await context.workspace.fresh('query');
  const seeded = await seedRegistry(own, { from: 0, to: count, lotSize });
  context.progress(`made ${count} devices in ${Math.round(seeded)} ms`);
  const hub = await startHub(own);
  try {
    const ask = await openService(own);
    const indexing = await waitForIndex(ask, own);
    const samples = await alternate(runs, {
      indexed: () => timeQuery(ask, indexedQuery),
      scanned: () => timeQuery(ask, scannedQuery),
    });
    const devices = `${count.toLocaleString('en-GB')} devices`;
    return {
      measures: [
        { name: `a page of ${lotSize} of ${devices}, tag indexed`, unit: 'ms', samples: samples.indexed },
        { name: `a page of ${lotSize} of ${devices}, not indexed`, unit: 'ms', samples: samples.scanned },
        { name: 'from the first query until the index is there', unit: 'ms', samples: [indexing] },
        { name: 'hub start to ready', unit: 'ms', samples: [hub.readyMs] },
        { name: 'hub resident memory afterwards', unit: 'MB', samples: [residentMb(hub.pid)] },
      ],
      figures: [
        {
          name: `query over ${devices} with an indexed tag`,
          value: median(samples.indexed),
          unit: 'ms',
          target: { atMost: 50 },
        },
        { name: 'without the index / with it', value: median(samples.scanned) / median(samples.indexed), unit: 'x' },
      ],
      notes: [
        'Over REST, with whole twins in the answer; so many devices have the tag as fit on a page, spread over the whole fleet.',
        'The hub indexes a tag by itself after a query has compared it with a value. The registry was filled through the parts of the hub that answer bulk requests, without the network.',
      ],
    };
  } finally {
    await hub.stop();
  }
}
