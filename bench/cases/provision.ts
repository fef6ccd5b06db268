import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase, CaseContext, CaseResult } from '../support/case.ts';
import { makeDevices, writeDeviceCsv } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { runNode } from '../support/processes.ts';
import { alternate, median } from '../support/samples.ts';

const peer = fileURLToPath(new URL('../peers/sqlite-insert.ts', import.meta.url));
/** How many rows one bulk request carries, so one commit of the peer too. */
const rowsPerRequest = 100;

export const provision: BenchCase = {
  name: 'provision',
  question: 'How long does `iotctl provision --from` take beside inserting the same rows with plain node:sqlite?',
  run: (context) => measure(context, context.small ? 500 : 10_000, context.small ? 1 : 5),
};

export const provisionMany: BenchCase = {
  name: 'provision-100k',
  question: 'And with 100,000 devices?',
  run: (context) => measure(context, context.small ? 2_000 : 100_000, context.small ? 1 : 3),
};

async function measure(context: CaseContext, count: number, runs: number): Promise<CaseResult> {
  const csv = join(context.workspace.directory, 'provision.csv');
  await writeDeviceCsv(csv, makeDevices('pump-', count));
  const samples = await alternate<string>(runs, {
    perRequest: () => insertPlain(context, csv, rowsPerRequest),
    iotctl: () => provisionOnce(context, csv, count),
    ...(count > 10_000 ? {} : { perRow: () => insertPlain(context, csv, 1) }),
  });
  const { iotctl = [], perRequest = [], perRow } = samples;
  const ours = median(iotctl);
  return {
    measures: [
      { name: `node:sqlite, a commit per ${rowsPerRequest} rows`, unit: 'ms', samples: perRequest },
      ...(perRow === undefined
        ? []
        : [{ name: 'node:sqlite, a commit per row', unit: 'ms' as const, samples: perRow }]),
      { name: `iotctl provision --from (${count} devices)`, unit: 'ms', samples: iotctl },
    ],
    figures: [
      {
        name: `iotctl provision / node:sqlite, a commit per ${rowsPerRequest} rows`,
        value: ours / median(perRequest),
        unit: 'x',
        target: { atMost: 3 },
      },
      ...(perRow === undefined
        ? []
        : [
            {
              name: 'iotctl provision / node:sqlite, a commit per row',
              value: ours / median(perRow),
              unit: 'x' as const,
            },
          ]),
      { name: 'each device', value: (ours * 1_000) / count, unit: 'µs' },
    ],
    notes: [
      'The peer is a Node process that reads the same CSV and inserts the same rows with WAL and synchronous=FULL; both times run from spawn to exit.',
      `The target is held against a commit per ${rowsPerRequest} rows, because one bulk request carries as many.`,
      'Every run has an empty hub; its start is not counted.',
    ],
  };
}

async function provisionOnce({ workspace, progress }: CaseContext, csv: string, count: number): Promise<number> {
  const own = await workspace.fresh('provision');
  const hub = await startHub(own);
  try {
    const { ms } = await own.iotctl(['provision', '--from', csv, '--yes']);
    const rows = JSON.parse((await own.iotctl(['query', 'SELECT COUNT() AS n FROM devices', '-o', 'json'])).stdout) as {
      n: number;
    }[];
    if (rows[0]?.n !== count) throw new Error(`the hub has ${rows[0]?.n} devices instead of ${count}`);
    progress(`provisioned ${count} devices in ${Math.round(ms)} ms`);
    return ms;
  } finally {
    await hub.stop();
  }
}

async function insertPlain({ workspace }: CaseContext, csv: string, rowsPerCommit: number): Promise<number> {
  const own = await workspace.fresh('plain');
  return (await runNode([peer, csv, join(own.directory, 'plain.db'), String(rowsPerCommit)])).ms;
}
