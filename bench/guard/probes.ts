/** What `--smoke` measures: a few seconds each, and against peers that are always there. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { costOfNode, processorMs } from '../support/cpu.ts';
import { makeDevices, provisionDevices, writeDeviceCsv } from '../support/devices.ts';
import { bytesOf, seedHistory } from '../support/history.ts';
import { startHub, startHubWith } from '../support/hub.ts';
import { connectAll, deviceConnections, deviceIdentities, holdConnections, publish } from '../support/load.ts';
import { residentMb } from '../support/memory.ts';
import { startAcknowledge } from '../support/peers/node-servers.ts';
import { runNode } from '../support/processes.ts';
import { indexedQuery, lotSize, scannedQuery, timeQuery, waitForIndex } from '../support/queries.ts';
import { alternate } from '../support/samples.ts';
import { seedRegistry } from '../support/seed.ts';
import { openService } from '../support/service.ts';
import { launcher, type Workspace } from '../support/workspace.ts';

export interface Probe {
  /** What is measured, in the order of the answers. */
  readonly ratios: readonly string[];
  /** No machine disturbs it. */
  readonly exact?: boolean;
  /** What each costs beside its peer. */
  measure(workspace: Workspace): Promise<readonly number[]>;
}

const emptyProgram = fileURLToPath(new URL('../peers/empty.js', import.meta.url));
const insertProgram = fileURLToPath(new URL('../peers/sqlite-insert.ts', import.meta.url));
const scanProgram = fileURLToPath(new URL('../peers/sqlite-scan.ts', import.meta.url));
const copyProgram = fileURLToPath(new URL('../peers/copy-lines.ts', import.meta.url));

/** So many of one kind in a row, because the processor time of a process comes in steps of 10 ms. */
const queries = 30;

/** The cheapest: what disturbs a run makes it dearer. */
const least = (samples: readonly number[]): number => Math.min(...samples);

/** What iotctl and its hub use together. */
async function costOfBoth(own: Workspace, pid: number, words: readonly string[], stdoutFile?: string): Promise<number> {
  const before = processorMs(pid);
  const cost = await costOfNode([launcher, ...words], {
    env: own.env,
    ...(stdoutFile !== undefined && { stdoutFile }),
  });
  return cost + processorMs(pid) - before;
}

const startUp: Probe = {
  ratios: ['start of iotctl / empty program', 'device list / empty program'],
  async measure(workspace) {
    const own = await workspace.fresh('guard-start');
    const hub = await startHub(own);
    try {
      await provisionDevices(own, makeDevices('pump-', 100));
      const { empty, version, list } = await alternate(3, {
        empty: () => costOfNode([emptyProgram], { times: 10 }),
        version: () => costOfNode([launcher, '--version'], { env: own.env, times: 10 }),
        list: () => costOfNode([launcher, 'device', 'list'], { env: own.env, times: 5 }),
      });
      return [least(version) / least(empty), least(list) / least(empty)];
    } finally {
      await hub.stop();
    }
  },
};

const provision: Probe = {
  ratios: ['provision / plain node:sqlite'],
  async measure(workspace) {
    const own = await workspace.fresh('guard-provision');
    const hub = await startHub(own);
    let round = 0;
    try {
      const csv = join(own.directory, 'devices.csv');
      const { ours, theirs } = await alternate(3, {
        ours: async () => {
          await writeDeviceCsv(csv, makeDevices(`pump-${round++}-`, 2_000));
          return costOfBoth(own, hub.pid, ['provision', '--from', csv, '--yes']);
        },
        theirs: async () => {
          await writeDeviceCsv(csv, makeDevices(`plain-${round++}-`, 2_000));
          return costOfNode([insertProgram, csv, join(own.directory, `plain-${round}.db`), '100']);
        },
      });
      return [least(ours) / least(theirs)];
    } finally {
      await hub.stop();
    }
  },
};

const query: Probe = {
  ratios: ['query with an index / without', 'query without an index / plain scan'],
  async measure(workspace) {
    const count = 20_000;
    const own = await workspace.fresh('guard-query');
    await seedRegistry(own, { from: 0, to: count, lotSize });
    const hub = await startHub(own);
    try {
      const ask = await openService(own);
      await waitForIndex(ask, own);
      const costOf = async (text: string): Promise<number> => {
        const before = processorMs(hub.pid);
        for (let time = 0; time < queries; time++) await timeQuery(ask, text);
        return (processorMs(hub.pid) - before) / queries;
      };
      const { indexed, scanned, plain } = await alternate(3, {
        indexed: () => costOf(indexedQuery),
        scanned: () => costOf(scannedQuery),
        plain: async () => Number((await runNode([scanProgram, String(count), String(lotSize), '10'])).stdout),
      });
      return [least(indexed) / least(scanned), least(scanned) / least(plain)];
    } finally {
      await hub.stop();
    }
  },
};

const ingest: Probe = {
  ratios: ['a stored message / one that is only acknowledged'],
  async measure(workspace) {
    const own = await workspace.fresh('guard-ingest');
    const devices = makeDevices('pump-', 100);
    const hub = await startHub(own);
    const bare = await startAcknowledge();
    const costOf = async (pid: number, port: number): Promise<number> => {
      const before = processorMs(pid);
      const connections = deviceConnections(hub, devices);
      const { messages } = await publish({ port, connections, messages: 150_000, bodyBytes: 100, window: 20 });
      return (processorMs(pid) - before) / messages;
    };
    try {
      await provisionDevices(own, devices);
      const { ours, theirs } = await alternate(3, {
        ours: () => costOf(hub.pid, hub.mqttPort),
        theirs: () => costOf(bare.pid, bare.port),
      });
      return [least(ours) / least(theirs)];
    } finally {
      await bare.stop();
      await hub.stop();
    }
  },
};

const connections: Probe = {
  ratios: [
    'a connect with a token / one that nobody checks',
    'memory of a connection / of a bare one',
    'memory of an idle hub / of a bare server',
  ],
  async measure(workspace) {
    const own = await workspace.fresh('guard-connections');
    const devices = makeDevices('pump-', 5_000);
    const hub = await startHubWith(own, devices);
    const bare = await startAcknowledge();
    try {
      const clients = deviceIdentities(hub, devices);
      const idle = residentMb(hub.pid) / residentMb(bare.pid);
      const ours = { pid: hub.pid, plan: { port: hub.mqttPort, clients, atOnce: 50 } };
      const theirs = { pid: bare.pid, plan: { port: bare.port, clients, atOnce: 50 } };
      // First, because later connections use again what earlier ones have left behind.
      const memory = [await memoryEach(ours), await memoryEach(theirs)] as const;
      const costs = await alternate(2, { ours: () => connectCost(ours), theirs: () => connectCost(theirs) });
      return [least(costs.ours) / least(costs.theirs), memory[0] / memory[1], idle];
    } finally {
      await bare.stop();
      await hub.stop();
    }
  },
};

interface Crowd {
  readonly pid: number;
  readonly plan: Parameters<typeof connectAll>[0];
}

async function connectCost({ pid, plan }: Crowd): Promise<number> {
  const before = processorMs(pid);
  await connectAll({ ...plan, clients: plan.clients.slice(0, 3_000) });
  return processorMs(pid) - before;
}

async function memoryEach({ pid, plan }: Crowd): Promise<number> {
  await delay(3_000);
  const before = residentMb(pid);
  const held = await holdConnections(plan);
  await delay(3_000);
  const added = residentMb(pid) - before;
  await held.close();
  return added;
}

const history = { messages: 100_000, deviceCount: 100, bodyBytes: 100 } as const;

const tail: Probe = {
  ratios: ['tail of stored telemetry / copy of its lines'],
  async measure(workspace) {
    const own = await workspace.fresh('guard-tail');
    await seedHistory(own, history);
    const hub = await startHub(own);
    const [file, copy] = [join(own.directory, 'telemetry.ndjson'), join(own.directory, 'copy.ndjson')];
    const words = ['tail', 'telemetry', '--since', '3h', '--count', String(history.messages), '-o', 'ndjson'];
    try {
      const { ours, theirs } = await alternate(3, {
        ours: () => costOfBoth(own, hub.pid, words, file),
        theirs: () => costOfNode([copyProgram, file], { stdoutFile: copy }),
      });
      return [least(ours) / least(theirs)];
    } finally {
      await hub.stop();
    }
  },
};

const room: Probe = {
  ratios: ['bytes on disk / bytes of a body'],
  exact: true,
  async measure(workspace) {
    const own = await workspace.fresh('guard-room');
    await seedHistory(own, history);
    return [(await bytesOf(own)) / history.messages / history.bodyBytes];
  },
};

export const probes: readonly Probe[] = [startUp, provision, query, ingest, connections, tail, room];
