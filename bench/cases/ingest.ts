import type { PublisherPlan } from '../load/publisher.ts';
import type { BenchCase, CaseContext, CaseResult, Figure, Measure } from '../support/case.ts';
import { processorMs } from '../support/cpu.ts';
import { makeDevices, provisionDevices, type BenchDevice } from '../support/devices.ts';
import { startHub, type BenchHub } from '../support/hub.ts';
import { deviceConnections, publish } from '../support/load.ts';
import { residentMb } from '../support/memory.ts';
import { startMosquitto } from '../support/peers/mosquitto.ts';
import { startNats } from '../support/peers/nats.ts';
import { startAcknowledge, startAedes } from '../support/peers/node-servers.ts';
import type { Peer } from '../support/peers/server.ts';
import { alternate, median } from '../support/samples.ts';
import type { Workspace } from '../support/workspace.ts';

interface Load {
  readonly connections: number;
  readonly bodyBytes: number;
  readonly seconds: number;
  readonly runs: number;
}

interface Sample {
  readonly rate: number;
  /** Of the server, per message. */
  readonly serverUs: number;
  /** How busy the load program was; at 100 it is what limits the figure. */
  readonly generatorPercent: number;
}

const window = 20;
const peers = {
  mosquitto: (directory: string) => startMosquitto(directory),
  'mosquitto-persistence': (directory: string) => startMosquitto(directory, { persistence: true }),
  nats: startNats,
  aedes: startAedes,
  acknowledge: startAcknowledge,
} as const satisfies Record<string, (directory: string) => Promise<Peer | undefined>>;
type PeerName = keyof typeof peers;

const notes = [
  `QoS 1, at most ${window} unacknowledged on each connection, plain MQTT on loopback, no process pinned to a processor; the load program shares the processors with the server. Contenders take turns, every other round in the opposite order; a peer begins each run with an empty directory.`,
  'The hub checks a signature for each connection, and commits every message with synchronous=FULL before its PUBACK. A peer marked "nothing kept" has no subscriber; mosquitto with persistence, and NATS, keep the messages for a subscriber that is away.',
  'Bodies are JSON with numbers and ids of their own, which compress to a third.',
];

export const ingest: BenchCase = {
  name: 'ingest',
  question: 'How many QoS 1 messages of 100 bytes per second are acknowledged, from 200 connections?',
  run: (context) =>
    measure(context, Object.keys(peers) as PeerName[], { connections: 200, bodyBytes: 100, seconds: 3, runs: 5 }),
};

const sides: readonly PeerName[] = ['mosquitto', 'mosquitto-persistence', 'nats'];

/** The other sizes, against the servers of the targets. */
export const ingestShapes: readonly BenchCase[] = [
  { connections: 10, bodyBytes: 100 },
  { connections: 1_000, bodyBytes: 100 },
  { connections: 10, bodyBytes: 1_024 },
  { connections: 200, bodyBytes: 1_024 },
  { connections: 1_000, bodyBytes: 1_024 },
].map(({ connections, bodyBytes }) => ({
  name: `ingest-${connections}-${bodyBytes}`,
  question: `How many QoS 1 messages of ${bodyBytes} bytes per second are acknowledged, from ${connections} connections?`,
  run: (context) => measure(context, sides, { connections, bodyBytes, seconds: 1.5, runs: 5 }),
}));

async function measure(context: CaseContext, names: readonly PeerName[], load: Load): Promise<CaseResult> {
  const small = { ...load, connections: Math.min(20, load.connections), seconds: 0.5, runs: 1 };
  const size = context.small ? small : load;
  const own = await context.workspace.fresh('ingest');
  const devices = makeDevices('pump-', size.connections);
  const hub = await startHub(own);
  try {
    await provisionDevices(own, devices);
    return await contend(context, names, size, hub, devices);
  } finally {
    await hub.stop();
  }
}

async function contend(
  { workspace, progress }: CaseContext,
  names: readonly PeerName[],
  load: Load,
  hub: BenchHub,
  devices: readonly BenchDevice[],
): Promise<CaseResult> {
  const found = new Map<PeerName, Peer>();
  const missing: PeerName[] = [];
  const contenders: Record<string, () => Promise<Sample>> = {
    hub: () => run({ port: hub.mqttPort, pid: hub.pid }, deviceConnections(hub, devices), load),
  };
  const topics = devices.map(({ deviceId }) => ({ clientId: deviceId, topic: `devices/${deviceId}/messages/events/` }));
  for (const name of names) {
    const probe = await startPeer(workspace, name);
    await probe?.stop();
    if (probe === undefined) {
      missing.push(name);
      continue;
    }
    found.set(name, probe);
    contenders[name] = async () => {
      const peer = await startPeer(workspace, name);
      if (peer === undefined) throw new Error(`${name} is gone`);
      try {
        return await run(peer, topics, load);
      } finally {
        await peer.stop();
      }
    };
  }
  const samples = await alternate(load.runs, contenders);
  const ours = samples['hub'] ?? [];
  progress(`hub ${Math.round(median(ours.map(({ rate }) => rate)))} messages/s`);
  const rows = names.flatMap((name) => {
    const peer = found.get(name);
    return peer === undefined
      ? []
      : [{ name, label: peer.name, promised: peer.promised, samples: samples[name] ?? [] }];
  });
  return {
    measures: [
      ...measuresOf('iotctl hub', 'on disk, synced', ours),
      ...rows.flatMap(({ label, promised, samples: theirs }) => measuresOf(label, promised, theirs)),
      { name: 'hub resident memory after the load', unit: 'MB', samples: [residentMb(hub.pid)] },
    ],
    figures: rows.map(({ name, label, samples: theirs }) => figureOf(name, label, load, ours, theirs)),
    notes: [
      ...notes,
      ...missing.map((name) => `${name} is not installed here, so it is missing.`),
      ...ceilingNote(rows.find(({ name }) => name === 'acknowledge')?.samples, ours),
    ],
  };
}

async function startPeer(workspace: Workspace, name: PeerName): Promise<Peer | undefined> {
  const { directory } = await workspace.fresh(`peer-${name}`);
  return peers[name](directory);
}

async function run(
  server: { readonly port: number; readonly pid: number },
  connections: PublisherPlan['connections'],
  { bodyBytes, seconds }: Load,
): Promise<Sample> {
  const before = processorMs(server.pid);
  const { messages, ms, cpuMs } = await publish({ port: server.port, connections, seconds, bodyBytes, window });
  const used = processorMs(server.pid) - before;
  return { rate: messages / (ms / 1_000), serverUs: (used * 1_000) / messages, generatorPercent: (cpuMs / ms) * 100 };
}

function measuresOf(name: string, promised: string, samples: readonly Sample[]): Measure[] {
  return [
    { name, unit: 'messages/s', promised, samples: samples.map(({ rate }) => rate) },
    { name: `${name}: processor time for each message`, unit: 'µs', samples: samples.map(({ serverUs }) => serverUs) },
  ];
}

const atLeast: Partial<Record<PeerName, number>> = { mosquitto: 2, 'mosquitto-persistence': 2, nats: 5 };

function figureOf(
  name: PeerName,
  label: string,
  load: Load,
  ours: readonly Sample[],
  theirs: readonly Sample[],
): Figure {
  const value = median(ours.map(({ rate }) => rate)) / median(theirs.map(({ rate }) => rate));
  const goal = load.connections === 200 && load.bodyBytes === 100 ? atLeast[name] : undefined;
  return {
    name: `iotctl hub / ${label}`,
    value,
    unit: 'x',
    ...(goal !== undefined && { target: { atLeast: goal } }),
  };
}

function ceilingNote(bare: readonly Sample[] | undefined, ours: readonly Sample[]): string[] {
  const busy = Math.round(median(ours.map(({ generatorPercent }) => generatorPercent)));
  const own = `The load program used ${busy} % of a processor against the hub.`;
  if (bare === undefined) return [own];
  const ceiling = Math.round(median(bare.map(({ rate }) => rate)));
  return [
    `${own} Against the bare Node.js server it reached ${ceiling.toLocaleString('en-GB')} messages/s: its ceiling here.`,
  ];
}
