import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectorPlan } from '../load/connector.ts';
import type { BenchCase, CaseContext, CaseResult, Figure, Measure } from '../support/case.ts';
import { processorMs } from '../support/cpu.ts';
import { makeDevices, provisionDevices, type BenchDevice } from '../support/devices.ts';
import { startHub, type BenchHub } from '../support/hub.ts';
import { connectAll, deviceIdentities } from '../support/load.ts';
import { startMosquitto } from '../support/peers/mosquitto.ts';
import type { Peer } from '../support/peers/server.ts';
import { alternate, median } from '../support/samples.ts';
import type { Workspace } from '../support/workspace.ts';

interface Sample {
  readonly rate: number;
  readonly serverUs: number;
  readonly generatorPercent: number;
}

interface Server {
  readonly pid: number;
  readonly port: number;
  readonly ca?: string;
  readonly clients: ConnectorPlan['clients'];
}

const counts = { plain: 5_000, tls: 1_000 } as const;
const atOnce = 100;

export const connectRate: BenchCase = {
  name: 'connect-rate',
  question: 'How many devices per second can connect, plain and with TLS?',
  async run(context) {
    const own = await context.workspace.fresh('connect-rate');
    const devices = makeDevices('pump-', context.small ? 200 : counts.plain);
    const hub = await startHub(own);
    try {
      await provisionDevices(own, devices);
      const peer = await startSecured(own, devices);
      try {
        return await measure(context, hub, peer, devices);
      } finally {
        await peer?.stop();
      }
    } finally {
      await hub.stop();
    }
  },
};

/** mosquitto with an account for each device, and with the hub's own certificate. */
async function startSecured(own: Workspace, devices: readonly BenchDevice[]): Promise<Peer | undefined> {
  const tls = join(own.directory, 'hub', 'tls');
  return startMosquitto(own.directory, {
    accounts: devices.map(accountOf),
    tls: { certificate: join(tls, 'server.pem'), key: join(tls, 'server.key') },
  });
}

function accountOf({ deviceId, key }: BenchDevice): { clientId: string; username: string; password: string } {
  return { clientId: deviceId, username: deviceId, password: key };
}

async function measure(
  { small, progress }: CaseContext,
  hub: BenchHub,
  peer: Peer | undefined,
  devices: readonly BenchDevice[],
): Promise<CaseResult> {
  const ca = await readFile(hub.caFile, 'utf8');
  const some = devices.slice(0, small ? 50 : counts.tls);
  const identities = deviceIdentities(hub, devices);
  const contenders: Record<string, () => Promise<Sample>> = {
    plain: () => run({ pid: hub.pid, port: hub.mqttPort, clients: identities }),
    tls: () => run({ pid: hub.pid, port: hub.mqttsPort, ca, clients: identities.slice(0, some.length) }),
  };
  if (peer?.tlsPort !== undefined) {
    const { pid, port, tlsPort } = peer;
    contenders['peerPlain'] = () => run({ pid, port, clients: devices.map(accountOf) });
    contenders['peerTls'] = () => run({ pid, port: tlsPort, ca, clients: some.map(accountOf) });
  }
  const samples = await alternate(small ? 1 : 5, contenders);
  const { plain = [], tls = [], peerPlain = [], peerTls = [] } = samples;
  progress(`plain ${Math.round(rateOf(plain))}, TLS ${Math.round(rateOf(tls))} connections/s`);
  return {
    measures: [
      ...measuresOf('iotctl hub, plain', plain),
      ...(peer === undefined ? [] : measuresOf(`${peer.name}, plain`, peerPlain)),
      ...measuresOf('iotctl hub, TLS', tls),
      ...(peer === undefined ? [] : measuresOf(`${peer.name}, TLS`, peerTls)),
    ],
    figures:
      peer === undefined
        ? []
        : [
            ratio('plain, iotctl hub / mosquitto', plain, peerPlain),
            ratio('TLS, iotctl hub / mosquitto', tls, peerTls),
            cost('plain, processor time for each, iotctl hub / mosquitto', plain, peerPlain),
            cost('TLS, processor time for each, iotctl hub / mosquitto', tls, peerTls),
          ],
    notes: [
      `${devices.length} plain connections, ${some.length} with TLS, ${atOnce} on their way at once, from four loopback addresses; from the first connect to the last CONNACK. All stay open until the last is there. Rates are compared by the best run of each: some runs wait a second or more for the loopback itself, whoever serves.`,
      'The hub verifies the HMAC-SHA256 signature of a token with the key of the device, which it reads from its registry, and its expiry. mosquitto looks a name and a password up in a file it has in memory and verifies the password by PBKDF2 with SHA-512 and 101 rounds, as mosquitto_passwd makes it. Both show the same certificate; TLS sessions are not resumed.',
      `The load program, one process, used ${Math.round(busy(plain))} % of a processor at the hub's plain port and ${Math.round(busy(peerPlain))} % at mosquitto's, ${Math.round(busy(tls))} % and ${Math.round(busy(peerTls))} % with TLS. Where it is near 100 % it holds both back alike, and processor time says more than the rate.`,
      ...(peer === undefined ? ['mosquitto is not installed here, so there is no peer.'] : []),
    ],
  };
}

async function run({ pid, port, ca, clients }: Server): Promise<Sample> {
  const before = processorMs(pid);
  const { connections, ms, cpuMs } = await connectAll({ port, clients, atOnce, ...(ca === undefined ? {} : { ca }) });
  const used = processorMs(pid) - before;
  return {
    rate: connections / (ms / 1_000),
    serverUs: (used * 1_000) / connections,
    generatorPercent: (cpuMs / ms) * 100,
  };
}

/** Some runs wait a second or more for the loopback itself, whoever serves; what a server can do is what it did at best. */
function bestOf(samples: readonly Sample[]): number {
  return Math.max(...samples.map(({ rate }) => rate));
}

function rateOf(samples: readonly Sample[]): number {
  return median(samples.map(({ rate }) => rate));
}

function busy(samples: readonly Sample[]): number {
  return median(samples.map(({ generatorPercent }) => generatorPercent));
}

function measuresOf(name: string, samples: readonly Sample[]): Measure[] {
  return [
    { name, unit: 'connections/s', samples: samples.map(({ rate }) => rate) },
    { name: `${name}: processor time for each`, unit: 'µs', samples: samples.map(({ serverUs }) => serverUs) },
  ];
}

function ratio(name: string, ours: readonly Sample[], theirs: readonly Sample[]): Figure {
  return { name, value: bestOf(ours) / bestOf(theirs), unit: 'x', target: { atLeast: 0.5 } };
}

function cost(name: string, ours: readonly Sample[], theirs: readonly Sample[]): Figure {
  const each = (samples: readonly Sample[]): number => median(samples.map(({ serverUs }) => serverUs));
  return { name, value: each(ours) / each(theirs), unit: 'x' };
}
