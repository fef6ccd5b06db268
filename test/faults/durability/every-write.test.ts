/** C-03: a hub that is killed at each of its writes, one run for each. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pool } from '../../../src/std/pool.ts';
import { report } from '../support/report.ts';
import { atScale, scale, seededRandom } from '../support/scale.ts';
import { makeOlderData } from './support/older-data.ts';
import { openAndCheck } from './support/reopen.ts';
import { newWitness, playScenario } from './support/scenario.ts';
import { canTrace, startTraced } from './support/traced-hub.ts';

const size = atScale({ smoke: { points: 3, atOnce: 2 }, full: { points: 10_000, atOnce: 2 } });
const secret = 'c03';

let directory: string;
let template: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-c03-'));
  template = join(directory, 'template');
  await makeOlderData(template, secret, Date.now());
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Files that one thread of the hub writes alone, or calls that it makes few of: their calls have an order to be counted in. */
const groups = [
  { name: 'registry', files: ['registry.db', 'registry.db-wal', 'registry.db-journal'] },
  { name: 'telemetry', files: ['telemetry.db', 'telemetry.db-wal', 'telemetry.db-journal'] },
  { name: 'lock', files: ['hub.lock', 'hub.lock-journal'] },
  { name: 'directories', files: ['', 'artifacts', 'tls'] },
  { name: 'any', files: undefined },
] as const;
const databaseCalls = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'unlink'] as const;
const calls = {
  registry: databaseCalls,
  telemetry: databaseCalls,
  lock: databaseCalls,
  directories: ['fsync'],
  any: ['rename', 'mkdir', 'link', 'unlink'],
} as const;

interface Point {
  readonly group: (typeof groups)[number];
  readonly call: string;
  readonly at: number;
  /** How many such calls the counted run made. */
  readonly of: number;
}

test.skipIf(!canTrace())('C-03 killed at a write, whichever it is: what was acknowledged is there', async () => {
  const all = await findPoints();
  const random = seededRandom('C-03');
  // Runs differ by a few calls: a point near the end may never be reached, which few points cannot afford.
  const sure = all.filter(({ at, of }) => at <= Math.max(1, of * 0.8));
  const chosen = scale === 'full' ? all : sure.toSorted(() => random() - 0.5).slice(0, size.points);
  const outcomes: { readonly killed: boolean; readonly wrong: readonly string[] }[] = [];
  const begin = performance.now();
  for await (const outcome of pool(chosen, size.atOnce, killAt)) outcomes.push(outcome);
  const wrong = outcomes.flatMap((outcome) => outcome.wrong);
  const killed = outcomes.filter((outcome) => outcome.killed).length;
  report('C-03', {
    writes: all.length,
    points: chosen.length,
    killed,
    wrong: wrong.length,
    seconds: Math.round((performance.now() - begin) / 1_000),
  });
  expect(wrong).toEqual([]);
  expect(killed).toBeGreaterThan(chosen.length * 0.8);
});

/** Every call of the story, counted in a run where nothing is killed. */
async function findPoints(): Promise<readonly Point[]> {
  const dataDir = join(directory, 'counted');
  await cp(template, dataDir, { recursive: true });
  const output = join(directory, 'calls');
  const names = [...new Set(Object.values(calls).flat())].join(',');
  const hub = await startTraced(directory, dataDir, { calls: names, output });
  expect(hub.log()).not.toContain('"level":"error"');
  const witness = newWitness(secret);
  await playScenario(hub.info ?? expect.fail(hub.log()), witness);
  await hub.stop();
  expect(await openAndCheck(dataDir, witness)).toEqual([]);
  const lines = (await readFile(output, 'utf8')).split('\n');
  return groups.flatMap((group) =>
    calls[group.name].flatMap((call) => {
      const counts = new Map<string, number>();
      for (const line of lines) {
        const [, thread = '', name, rest = ''] = /^(\d+) +(\w+)\((.*)/.exec(line) ?? [];
        const isOfGroup = group.files?.some((file) => mentions(rest, join(dataDir, file))) ?? true;
        if (name === call && isOfGroup) counts.set(thread, (counts.get(thread) ?? 0) + 1);
      }
      // A tracer counts the calls of each thread apart; it fires in the one that is first.
      const most = Math.max(0, ...counts.values());
      return Array.from({ length: most }, (_, index) => ({ group, call, at: index + 1, of: most }));
    }),
  );
}

function mentions(rest: string, path: string): boolean {
  const file = path.replace(/\/$/, '');
  return rest.includes(`<${file}>`) || rest.includes(`"${file}"`);
}

async function killAt({ group, call, at }: Point): Promise<{ killed: boolean; wrong: readonly string[] }> {
  const name = `${group.name}-${call}-${at}`;
  const dataDir = join(directory, name);
  await cp(template, dataDir, { recursive: true });
  try {
    const witness = newWitness(secret);
    const files = group.files?.map((file) => join(dataDir, file).replace(/\/$/, ''));
    const hub = await startTraced(directory, dataDir, {
      calls: call,
      inject: `signal=SIGKILL:when=${at}`,
      ...(files !== undefined && { files }),
    });
    if (hub.info !== undefined) {
      // Rejects where the hub is killed in the midst of it.
      await playScenario(hub.info, witness).catch(() => undefined);
    }
    await hub.stop();
    const killed = hub.child.signalCode === 'SIGKILL' || hub.child.exitCode === 137;
    const wrong = await openAndCheck(dataDir, witness);
    return { killed, wrong: wrong.map((what) => `${name}: ${what}`) };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
