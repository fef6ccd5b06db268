import { join } from 'node:path';
import type { BenchCase } from '../support/case.ts';
import { makeDevices, writeDeviceCsv } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { amqpConnections, publishAmqp } from '../support/load.ts';
import { median } from '../support/samples.ts';

const load = { bodyBytes: 100, window: 100 } as const;

export const amqpIngest: BenchCase = {
  name: 'amqp-ingest',
  question: 'How many AMQP messages per second does the hub accept after they are on disk?',
  async run({ workspace, small, progress }) {
    const own = await workspace.fresh('amqp-ingest');
    const devices = makeDevices('pump-', small ? 5 : 50);
    const messages = small ? 5_000 : 100_000;
    const hub = await startHub(own);
    try {
      const csv = join(own.directory, 'devices.csv');
      await writeDeviceCsv(csv, devices);
      await own.iotctl(['provision', '--from', csv, '--yes']);
      const rates: number[] = [];
      for (let run = 0; run <= (small ? 0 : 5); run++) {
        const connections = amqpConnections(hub, devices);
        const { ms } = await publishAmqp({
          port: hub.amqpPort,
          hostName: hub.hostName,
          connections,
          messages,
          ...load,
        });
        const rate = messages / (ms / 1_000);
        if (small || run > 0) rates.push(rate);
        progress(`${Math.round(rate)} messages/s`);
      }
      return {
        measures: [{ name: 'iotctl hub, accepted after commit', unit: 'messages/s', samples: rates }],
        figures: [
          { name: 'telemetry over AMQP', value: median(rates), unit: 'messages/s', target: { atLeast: 10_000 } },
        ],
        notes: [
          `${devices.length} connections of rhea, ${load.bodyBytes} bytes, at most ${load.window} unsettled on each, plain AMQP on loopback; the load generator shares the processors with the hub and is the slower of the two.`,
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};
