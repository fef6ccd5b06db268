import { join } from 'node:path';
import type { BenchCase, CaseContext, CaseResult } from '../support/case.ts';
import { makeDevices, writeDeviceCsv, type BenchDevice } from '../support/devices.ts';
import { startHub, type BenchHub } from '../support/hub.ts';
import { deviceConnections, publish } from '../support/load.ts';
import { residentMb } from '../support/memory.ts';
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts';
import { alternate, median } from '../support/samples.ts';

const load = { bodyBytes: 100, window: 20 } as const;

export const ingest: BenchCase = {
  name: 'ingest',
  question: 'How many QoS 1 messages per second does the hub acknowledge after they are on disk, beside mosquitto?',
  async run(context) {
    const own = await context.workspace.fresh('ingest');
    const devices = makeDevices('pump-', context.smoke ? 20 : 200);
    const hub = await startHub(own);
    try {
      const csv = join(own.directory, 'devices.csv');
      await writeDeviceCsv(csv, devices);
      await own.iotctl(['provision', '--from', csv, '--yes']);
      const mosquitto = await startMosquitto(own.directory);
      try {
        return await measure(context, hub, devices, mosquitto);
      } finally {
        await mosquitto?.stop();
      }
    } finally {
      await hub.stop();
    }
  },
};

async function measure(
  { smoke, progress }: CaseContext,
  hub: BenchHub,
  devices: readonly BenchDevice[],
  mosquitto: Mosquitto | undefined,
): Promise<CaseResult> {
  const messages = smoke ? 20_000 : 400_000;
  const topics = devices.map(({ deviceId }) => ({ clientId: deviceId, topic: `devices/${deviceId}/messages/events/` }));
  const hubRate = async (): Promise<number> =>
    rate(await publish({ port: hub.mqttPort, connections: deviceConnections(hub, devices), messages, ...load }));
  const runs = smoke ? 1 : 5;
  const samples: { hub: number[]; mosquitto?: number[] } =
    mosquitto === undefined
      ? await alternate(runs, { hub: hubRate })
      : await alternate(runs, {
          hub: hubRate,
          mosquitto: async () => rate(await publish({ port: mosquitto.port, connections: topics, messages, ...load })),
        });
  const memory = residentMb(hub.pid);
  progress(`hub ${Math.round(median(samples.hub))} messages/s`);
  const peer = samples.mosquitto;
  return {
    measures: [
      { name: 'iotctl hub, acknowledged after commit', unit: 'messages/s', samples: samples.hub },
      ...(peer === undefined
        ? []
        : [{ name: `mosquitto ${mosquitto?.version}, nothing stored`, unit: 'messages/s' as const, samples: peer }]),
      { name: 'hub resident memory after the load', unit: 'MB', samples: [memory] },
    ],
    figures:
      peer === undefined
        ? []
        : [{ name: 'iotctl hub / mosquitto', value: median(samples.hub) / median(peer), unit: 'x' }],
    notes: [
      `${devices.length} connections, ${load.bodyBytes} bytes, window ${load.window}, plain MQTT on loopback; the load generator shares the processors with the server.`,
      'The hub commits every message with synchronous=FULL before its PUBACK; mosquitto has no subscriber and stores nothing.',
      ...(peer === undefined ? ['mosquitto is not installed here, so there is no peer.'] : []),
    ],
  };
}

function rate(report: { readonly messages: number; readonly ms: number }): number {
  return report.messages / (report.ms / 1_000);
}
