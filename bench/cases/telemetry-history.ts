import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AggregatePlan, AggregateReport } from '../load/aggregate-by-minute.ts';
import { isoMillis } from '../../src/protocol/time.ts';
import type { BenchCase, CaseContext, Measure } from '../support/case.ts';
import { bytesOf, rareDevice, seedHistory, type StoredHistory } from '../support/history.ts';
import { startHub } from '../support/hub.ts';
import { runNode } from '../support/processes.ts';
import { alternate, median } from '../support/samples.ts';
import type { Workspace } from '../support/workspace.ts';

const aggregator = fileURLToPath(new URL('../load/aggregate-by-minute.ts', import.meta.url));
const bodyBytes = 100;
const timeoutMs = 1_200_000;

export const telemetryHistory: BenchCase = {
  name: 'telemetry-history',
  question:
    'How long does it take to find and to count what is in 10,000,000 stored messages, and what room do they take?',
  async run(context) {
    const { workspace, small, progress } = context;
    const own = await workspace.fresh('history');
    const size = small ? { messages: 50_000, deviceCount: 100 } : { messages: 10_000_000, deviceCount: 1_000 };
    const history = await seedHistory(own, { ...size, bodyBytes });
    const bytes = await bytesOf(own);
    progress(`${history.messages} messages take ${bytes} bytes`);
    const hub = await startHub(own);
    try {
      const first = await firstRows(own, history, small ? 1 : 5);
      progress('read the first rows');
      const counted = await aggregate(context, own, history);
      return {
        measures: [
          ...first,
          { name: 'count and mean by minute of everything', unit: 's', samples: [counted.ms / 1_000] },
          { name: 'read and counted by the client', unit: 'messages/s', samples: [counted.rate] },
          { name: 'hub start to ready', unit: 'ms', samples: [hub.readyMs] },
        ],
        figures: [
          {
            name: 'bytes on disk for each message',
            value: bytes / history.messages,
            unit: 'bytes',
            target: { atMost: 60 },
          },
          ...first.map(({ name, samples }) => ({ name, value: median(samples), unit: 'ms' as const })),
        ],
        notes: [
          `${history.messages.toLocaleString('en-GB')} messages of ${bodyBytes} bytes (JSON), one each second from each of ${history.devices.length} devices, stored by the hub's own log second by second. On disk is the whole file after a restart, with everything the log needs to find things.`,
          'First rows are those of `iotctl tail telemetry … --count 1`, from spawn to exit, with the start of the command.',
          'No command reckons by minute: everything is read through the stream that `tail telemetry` and the gates of rollouts read, and counted in the client.',
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};

async function firstRows(own: Workspace, { since, until, devices }: StoredHistory, runs: number): Promise<Measure[]> {
  const some = devices[devices.length >> 1] ?? '';
  const middle = isoMillis((since + until) / 2);
  const first =
    (...args: string[]) =>
    async (): Promise<number> => {
      const { ms, stdout } = await own.iotctl(['tail', 'telemetry', ...args, '--count', '1', '-o', 'ndjson']);
      if (stdout.trimEnd().split('\n').length !== 1) throw new Error('not one message came');
      return ms;
    };
  const samples = await alternate(runs, {
    oldest: first('--since', isoMillis(since - 60_000)),
    middle: first('--since', middle),
    oneDevice: first(some, '--since', middle),
    rare: first(rareDevice, '--since', isoMillis(since - 60_000)),
  });
  return [
    { name: 'first row: the oldest', unit: 'ms', samples: samples.oldest },
    { name: 'first row: from the middle', unit: 'ms', samples: samples.middle },
    { name: 'first row: one device, from the middle', unit: 'ms', samples: samples.oneDevice },
    { name: 'first row: a device that sent one message', unit: 'ms', samples: samples.rare },
  ];
}

async function aggregate(
  { progress }: CaseContext,
  own: Workspace,
  { since, until, messages }: StoredHistory,
): Promise<{ readonly ms: number; readonly rate: number }> {
  const hub = JSON.parse(await readFile(join(own.directory, 'ready.json'), 'utf8')) as AggregatePlan['hub'];
  const plan: AggregatePlan = { hub, field: 'temperature', from: since - 60_000, until: until + 60_000 };
  const { stdout } = await runNode([aggregator], { input: JSON.stringify(plan), timeoutMs });
  const report = JSON.parse(stdout) as AggregateReport;
  if (report.messages !== messages) throw new Error(`${report.messages} messages were read instead of ${messages}`);
  const expected = (until - since) / 60_000;
  if (report.minutes < expected || report.minutes > expected + 2)
    throw new Error(`${report.minutes} minutes were found`);
  progress(`counted ${report.messages} messages of ${report.minutes} minutes in ${Math.round(report.ms)} ms`);
  return { ms: report.ms, rate: report.messages / (report.ms / 1_000) };
}
