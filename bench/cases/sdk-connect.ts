import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SdkPlan } from '../load/sdk-connections.ts';
import type { BenchCase } from '../support/case.ts';
import { makeDevices, writeDeviceCsv } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { runNode } from '../support/processes.ts';
import { median } from '../support/samples.ts';

const connector = fileURLToPath(new URL('../load/sdk-connections.ts', import.meta.url));
/** The first ones load and compile the SDK. */
const warmUp = 5;

export const sdkConnect: BenchCase = {
  name: 'sdk-connect',
  question: 'How long does a device with azure-iot-device-mqtt need to connect over TLS on this machine?',
  async run({ workspace, small, progress }) {
    const own = await workspace.fresh('sdk-connect');
    const hub = await startHub(own);
    try {
      const devices = makeDevices('fan-', warmUp + (small ? 5 : 100));
      const csv = join(own.directory, 'devices.csv');
      await writeDeviceCsv(csv, devices);
      await own.iotctl(['provision', '--from', csv, '--yes']);
      const host = `${hub.hostName}:${hub.mqttsPort}`;
      const plan: SdkPlan = {
        connectionStrings: devices.map(
          ({ deviceId, key }) => `HostName=${host};DeviceId=${deviceId};SharedAccessKey=${key}`,
        ),
      };
      const { stdout } = await runNode([connector], {
        input: JSON.stringify(plan),
        env: { ...own.env, NODE_EXTRA_CA_CERTS: hub.caFile },
      });
      const times = (JSON.parse(stdout) as number[]).slice(warmUp);
      progress(`median ${median(times).toFixed(1)} ms`);
      return {
        measures: [{ name: 'client.open() until it is connected', unit: 'ms', samples: times }],
        figures: [
          { name: 'connect by azure-iot-device-mqtt', value: median(times), unit: 'ms', target: { atMost: 50 } },
        ],
        notes: [
          `${times.length} devices one after the other, each with a TLS handshake of its own; the first ${warmUp} are not counted.`,
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};
