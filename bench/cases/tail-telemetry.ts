import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase } from '../support/case.ts';
import { makeDevices, writeDeviceCsv } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { deviceConnections, publish } from '../support/load.ts';
import { median } from '../support/samples.ts';

const deviceCount = 50;
const newline = 0x0a;

export const tailTelemetry: BenchCase = {
  name: 'tail-telemetry',
  question: 'How fast does `iotctl tail telemetry` write stored messages to a file?',
  async run({ workspace, small, progress }) {
    const messages = small ? 20_000 : 500_000;
    const own = await workspace.fresh('tail');
    const hub = await startHub(own);
    try {
      const devices = makeDevices('truck-', deviceCount);
      const csv = join(own.directory, 'devices.csv');
      await writeDeviceCsv(csv, devices);
      await own.iotctl(['provision', '--from', csv, '--yes']);
      await publish({
        port: hub.mqttPort,
        connections: deviceConnections(hub, devices),
        messages,
        bodyBytes: 100,
        window: 20,
      });
      progress(`stored ${messages} messages`);
      const file = join(own.directory, 'telemetry.ndjson');
      const rates: number[] = [];
      for (let run = 0; run < (small ? 1 : 5); run++) {
        const { ms } = await own.iotctl(
          ['tail', 'telemetry', '--since', '1h', '--count', String(messages), '-o', 'ndjson'],
          { stdoutFile: file },
        );
        const lines = await countLines(file);
        if (lines !== messages) throw new Error(`the file has ${lines} lines instead of ${messages}`);
        rates.push(messages / (ms / 1_000));
        progress(`${Math.round(rates.at(-1) ?? 0)} messages/s`);
      }
      return {
        measures: [
          { name: `tail telemetry -o ndjson > file (${messages} messages)`, unit: 'messages/s', samples: rates },
        ],
        figures: [
          { name: 'stored telemetry to a file', value: median(rates), unit: 'messages/s', target: { atLeast: 50_000 } },
        ],
        notes: [
          `Messages of 100 bytes from ${deviceCount} devices; the time runs from spawn to exit, so starting the command is counted. Every line is counted afterwards.`,
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};

async function countLines(file: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++;
  }
  return lines;
}
