import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parsePolicyConnectionString } from '../../src/protocol/connection-string.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import type { BenchCase } from '../support/case.ts';
import { startHub } from '../support/hub.ts';
import { alternate, median } from '../support/samples.ts';

/** Says the same twice: at the top of a condition an index answers it, inside NOT the devices are looked at one by one. */
const indexed = "SELECT * FROM devices WHERE tags.lot = 'lot-7'";
const scanned = "SELECT * FROM devices WHERE NOT tags.lot != 'lot-7'";
const indexDeadlineMs = 60_000;

const lotSize = 100;

type Ask = (query: string) => Promise<{ readonly ms: number; readonly rows: number }>;

export const query: BenchCase = {
  name: 'query',
  question: 'How long does a query over all devices take with a tag that is indexed, and without?',
  async run({ workspace, smoke, progress }) {
    const count = smoke ? 3_000 : 100_000;
    const own = await workspace.fresh('query');
    const hub = await startHub(own);
    try {
      const csv = join(own.directory, 'devices.csv');
      await writeLots(csv, count);
      progress(`provisioning ${count} devices`);
      await own.iotctl(['provision', '--from', csv, '--yes']);
      const ask = await openQueries(join(own.directory, 'ready.json'));
      await waitForIndex(ask);
      const samples = await alternate(smoke ? 3 : 15, {
        indexed: async () => (await ask(indexed)).ms,
        scanned: async () => (await ask(scanned)).ms,
      });
      return {
        measures: [
          { name: `a page of 100 of ${count} devices, tag indexed`, unit: 'ms', samples: samples.indexed },
          { name: `a page of 100 of ${count} devices, not indexed`, unit: 'ms', samples: samples.scanned },
        ],
        figures: [
          {
            name: `query over ${count} devices with an indexed tag`,
            value: median(samples.indexed),
            unit: 'ms',
            target: { atMost: 50 },
          },
          { name: 'without the index / with it', value: median(samples.scanned) / median(samples.indexed), unit: 'x' },
        ],
        notes: [
          'Over REST, with whole twins in the answer; so many devices have the tag as fit on a page, spread over the whole fleet.',
          'The hub indexes a tag by itself after a query has compared it with a value.',
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};

/** Every lot has as many devices as one page holds. */
async function writeLots(path: string, count: number): Promise<void> {
  const lots = count / lotSize;
  const lines = Array.from(
    { length: count },
    (_, index) => `pump-${String(index).padStart(6, '0')},lot-${index % lots}`,
  );
  await writeFile(path, ['deviceId,TAG:lot', ...lines, ''].join('\n'));
}

async function openQueries(readyFile: string): Promise<Ask> {
  const ready = JSON.parse(await readFile(readyFile, 'utf8')) as {
    connectionString: string;
    ports: { http: number };
  };
  const { hostName, sharedAccessKey, sharedAccessKeyName } = parsePolicyConnectionString(ready.connectionString);
  const expiresAt = Date.now() / 1_000 + 3_600;
  const authorization = createSasToken({
    resource: hostName,
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt,
  });
  const url = `http://127.0.0.1:${ready.ports.http}/devices/query?api-version=2021-04-12`;
  return async (text) => {
    const begin = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify({ query: text }),
    });
    const rows = (await response.json()) as unknown[];
    if (!response.ok || !Array.isArray(rows)) throw new Error(`the hub answered ${response.status}`);
    return { ms: performance.now() - begin, rows: rows.length };
  };
}

/** The first query has the index made; it is there when the same question takes a fraction of the time. */
async function waitForIndex(ask: Ask): Promise<void> {
  const { rows } = await ask(indexed);
  if (rows !== lotSize) throw new Error(`the query found ${rows} devices instead of ${lotSize}`);
  const deadline = performance.now() + indexDeadlineMs;
  while (performance.now() < deadline) {
    const [withIndex, without] = [(await ask(indexed)).ms, (await ask(scanned)).ms];
    if (withIndex < without / 2) return;
    await delay(200);
  }
  throw new Error('the tag was not indexed in time');
}
