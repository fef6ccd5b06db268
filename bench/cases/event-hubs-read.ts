import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReaderPlan, ReaderReport } from '../load/event-hubs-reader.ts';
import type { BenchCase } from '../support/case.ts';
import { makeDevices, writeDeviceCsv } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { deviceConnections, publish } from '../support/load.ts';
import { runNode } from '../support/processes.ts';
import { median } from '../support/samples.ts';

const deviceCount = 50;
const reader = fileURLToPath(new URL('../load/event-hubs-reader.ts', import.meta.url));

export const eventHubsRead: BenchCase = {
  name: 'event-hubs-read',
  question: 'How fast does @azure/event-hubs read stored messages from the hub?',
  async run({ workspace, small, progress }) {
    const messages = small ? 10_000 : 200_000;
    const own = await workspace.fresh('event-hubs');
    const hub = await startHub(own);
    try {
      const devices = makeDevices('truck-', deviceCount);
      const csv = join(own.directory, 'devices.csv');
      await writeDeviceCsv(csv, devices);
      await own.iotctl(['provision', '--from', csv, '--yes']);
      const connections = deviceConnections(hub, devices);
      await publish({ port: hub.mqttPort, connections, messages, bodyBytes: 100, window: 20 });
      progress(`stored ${messages} messages`);
      const plan: ReaderPlan = {
        connectionString: hub.eventHubConnectionString,
        events: messages,
        batchSize: 1_000,
      };
      const rates: number[] = [];
      for (let run = 0; run < (small ? 1 : 5); run++) {
        const { stdout } = await runNode([reader], { input: JSON.stringify(plan) });
        const { events, ms } = JSON.parse(stdout) as ReaderReport;
        if (events !== messages) throw new Error(`${events} events were read instead of ${messages}`);
        rates.push(events / (ms / 1_000));
        progress(`${Math.round(rates.at(-1) ?? 0)} messages/s`);
      }
      return {
        measures: [{ name: `@azure/event-hubs, ${messages} messages`, unit: 'messages/s', samples: rates }],
        figures: [
          {
            name: 'events by @azure/event-hubs',
            value: median(rates),
            unit: 'messages/s',
            target: { atLeast: 10_000 },
          },
        ],
        notes: [
          `Messages of 100 bytes from ${deviceCount} devices in 4 partitions, batches of ${plan.batchSize}, plain AMQP on loopback; from the subscription to the last event, numbers checked for gaps and repeats. The reader shares the processors with the hub.`,
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};
