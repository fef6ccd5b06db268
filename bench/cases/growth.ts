import { join } from 'node:path';
import type { BenchCase, CaseContext, Figure, Measure } from '../support/case.ts';
import { settledMb } from '../support/connections.ts';
import { makeDevices, writeLotCsv } from '../support/devices.ts';
import { startHub, startHubWith } from '../support/hub.ts';
import type { Held } from '../support/held.ts';
import { deviceIdentities, holdConnections } from '../support/load.ts';
import { indexedQuery, lotSize, scannedQuery, timeQuery, waitForIndex } from '../support/queries.ts';
import { alternate, median } from '../support/samples.ts';
import { openService, type Ask } from '../support/service.ts';

interface FleetSample {
  readonly size: number;
  readonly provisionUs: number;
  readonly indexed: readonly number[];
  readonly scanned: readonly number[];
  readonly firstPage: readonly number[];
  readonly lastPage: readonly number[];
}

const fleets = { full: [5_000, 10_000, 20_000, 40_000, 80_000], small: [4_000, 8_000] } as const;
const crowds = { full: [1_000, 2_000, 4_000, 8_000], small: [500, 1_000, 2_000] } as const;
const allDevices = 'SELECT * FROM devices';

export const growth: BenchCase = {
  name: 'growth',
  question: 'How do figures grow when the fleet doubles, four times?',
  async run(context) {
    const samples: FleetSample[] = [];
    for (const size of context.small ? fleets.small : fleets.full) samples.push(await measureFleet(context, size));
    const connections = await measureCrowds(context);
    return {
      measures: [...samples.flatMap(measuresOf), ...connections],
      figures: figuresOf(samples, connections),
      notes: [
        'Each size has a hub of its own, filled by `iotctl provision --from`. Whatever an index answers must not grow with the fleet; what looks at every device may grow as the fleet does, and no faster.',
        `Pages have ${lotSize} whole twins, over REST.`,
      ],
    };
  },
};

async function measureFleet({ workspace, small, progress }: CaseContext, size: number): Promise<FleetSample> {
  const own = await workspace.fresh(`growth-${size}`);
  const hub = await startHub(own);
  try {
    const csv = join(own.directory, 'devices.csv');
    await writeLotCsv(csv, makeDevices('pump-', size), lotSize);
    const { ms } = await own.iotctl(['provision', '--from', csv, '--yes']);
    const ask = await openService(own);
    await waitForIndex(ask, own);
    const last = await lastContinuation(ask, size);
    const times = await alternate(small ? 2 : 9, {
      indexed: () => timeQuery(ask, indexedQuery),
      scanned: () => timeQuery(ask, scannedQuery),
      firstPage: () => timeQuery(ask, allDevices),
      lastPage: () => timePage(ask, last),
    });
    progress(`${size} devices`);
    return { size, provisionUs: (ms * 1_000) / size, ...times };
  } finally {
    await hub.stop();
  }
}

/** Goes through all pages; the token of the last one. */
async function lastContinuation(ask: Ask, size: number): Promise<string> {
  let token: string | undefined;
  for (let seen = 0; seen < size - lotSize; seen += lotSize) {
    const { continuation } = await page(ask, token);
    if (continuation === null) throw new Error(`the pages ended after ${seen + lotSize} of ${size} devices`);
    token = continuation;
  }
  return token ?? '';
}

async function timePage(ask: Ask, token: string): Promise<number> {
  const { ms, body, continuation } = await page(ask, token);
  if (!Array.isArray(body) || body.length !== lotSize || continuation !== null)
    throw new Error('this was not the last page');
  return ms;
}

function page(ask: Ask, token: string | undefined): ReturnType<Ask> {
  return ask('POST', '/devices/query', {
    body: { query: allDevices },
    headers: token === undefined ? {} : { 'x-ms-continuation': token },
  });
}

/** One hub to which more and more connect; each step says what its own connections add, in KB (2^10 bytes). */
async function measureCrowds({ workspace, small, progress }: CaseContext): Promise<Measure[]> {
  const own = await workspace.fresh('growth-connections');
  const sizes = small ? crowds.small : crowds.full;
  const devices = makeDevices('pump-', sizes.at(-1) ?? 0);
  const hub = await startHubWith(own, devices);
  const held: Held[] = [];
  try {
    const clients = deviceIdentities(hub, devices);
    const steps: Measure[] = [];
    let before = await settledMb(hub.pid, small);
    for (const [index, size] of sizes.entries()) {
      const from = sizes[index - 1] ?? 0;
      held.push(await holdConnections({ port: hub.mqttPort, clients: clients.slice(from, size), atOnce: 50 }));
      const now = await settledMb(hub.pid, small);
      const each = ((now - before) * 1_024) / (size - from);
      steps.push({ name: `memory for each connection, ${count(from)} to ${count(size)}`, unit: 'KB', samples: [each] });
      progress(`${size} connections`);
      before = now;
    }
    return steps;
  } finally {
    await Promise.all(held.map((crowd) => crowd.close()));
    await hub.stop();
  }
}

function measuresOf({ size, provisionUs, indexed, scanned, firstPage, lastPage }: FleetSample): Measure[] {
  const devices = `${count(size)} devices`;
  return [
    { name: `${devices}: provision each`, unit: 'µs', samples: [provisionUs] },
    { name: `${devices}: query, tag indexed`, unit: 'ms', samples: indexed },
    { name: `${devices}: query, not indexed`, unit: 'ms', samples: scanned },
    { name: `${devices}: first page of all`, unit: 'ms', samples: firstPage },
    { name: `${devices}: last page of all`, unit: 'ms', samples: lastPage },
  ];
}

function figuresOf(samples: readonly FleetSample[], connections: readonly Measure[]): Figure[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const times = last.size / first.size;
  const grows = (name: string, read: (sample: FleetSample) => number, atMost: number): Figure => ({
    name: `${name}: ${count(last.size)} / ${count(first.size)}`,
    value: read(last) / read(first),
    unit: 'x',
    target: { atMost },
  });
  return [
    grows('provision each', (sample) => sample.provisionUs, 1.5),
    grows('query, tag indexed', (sample) => median(sample.indexed), 2),
    grows('query, not indexed', (sample) => median(sample.scanned), times * 1.25),
    grows('first page', (sample) => median(sample.firstPage), 1.5),
    grows('last page', (sample) => median(sample.lastPage), 1.5),
    {
      // The very first connections bring code and tables along.
      name: 'memory for each connection: the last step / the second',
      value: (connections.at(-1)?.samples[0] ?? Number.NaN) / (connections[1]?.samples[0] ?? Number.NaN),
      unit: 'x',
      target: { atMost: 1.25 },
    },
  ];
}

function count(size: number): string {
  return size.toLocaleString('en-GB');
}
