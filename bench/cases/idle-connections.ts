import type { BenchCase, CaseContext, Measure } from '../support/case.ts';
import { makeDevices, type BenchDevice } from '../support/devices.ts';
import { startHubWith } from '../support/hub.ts';
import { deviceIdentities } from '../support/load.ts';
import { kilobytesOfEach, settleSeconds } from '../support/connections.ts';
import { startMosquitto } from '../support/peers/mosquitto.ts';
import { startAcknowledge, startAedes } from '../support/peers/node-servers.ts';
import type { Peer } from '../support/peers/server.ts';

export const idleConnections: BenchCase = {
  name: 'idle-connections',
  question: 'How much resident memory does a connection take that only waits?',
  async run(context) {
    const count = context.small ? 1_000 : 15_000;
    const devices = makeDevices('pump-', count);
    const ours = await ourKilobytes(context, devices);
    const measures: Measure[] = [{ name: 'iotctl hub, with a session and a token', unit: 'KB', samples: [ours] }];
    const missing: string[] = [];
    const peers = { mosquitto: startMosquitto, aedes: startAedes, acknowledge: startAcknowledge };
    for (const [name, start] of Object.entries(peers)) {
      const own = await context.workspace.fresh(`idle-${name}`);
      const peer = await start(own.directory);
      if (peer === undefined) missing.push(`${name} is not installed here, so it is missing.`);
      else measures.push({ name: peer.name, unit: 'KB', samples: [await peerKilobytes(context, peer, devices)] });
    }
    const bare = measures.at(-1)?.samples[0] ?? Number.NaN;
    return {
      measures,
      figures: [
        { name: 'resident memory for each connection', value: ours, unit: 'KB', target: { atMost: 8 } },
        { name: 'iotctl hub / bare Node.js', value: ours / bare, unit: 'x' },
      ],
      notes: [
        `${count} plain MQTT connections from four loopback addresses; what the server holds more than without one, ${settleSeconds} s after the last CONNACK, divided by their number. KB are 2^10 bytes.`,
        'Without the memory of the kernel for its sockets, which is the same for all.',
        ...missing,
      ],
    };
  },
};

async function ourKilobytes(context: CaseContext, devices: readonly BenchDevice[]): Promise<number> {
  const own = await context.workspace.fresh('idle-hub');
  const hub = await startHubWith(own, devices);
  try {
    return await kilobytesOfEach(context, hub.pid, { port: hub.mqttPort, clients: deviceIdentities(hub, devices) });
  } finally {
    await hub.stop();
  }
}

async function peerKilobytes(context: CaseContext, peer: Peer, devices: readonly BenchDevice[]): Promise<number> {
  try {
    const clients = devices.map(({ deviceId }) => ({ clientId: deviceId }));
    return await kilobytesOfEach(context, peer.pid, { port: peer.port, clients });
  } finally {
    await peer.stop();
  }
}
