/** A hub as operators start it, what its process needs, and programs full of peers beside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSandbox } from '../../../e2e/harness/sandbox.ts';
import { memoryOf } from '../../../rollout/support/memory.ts';
import { registerDevices, startHubProcess, type HubProcess, type ListeningPort } from '../../support/hub-process.ts';
import { percentile } from './latencies.ts';
import { startLoad, type Load } from './load.ts';

export interface NetworkBox {
  readonly hub: HubProcess;
  readonly secret: string;
  register(count: number): Promise<void>;
  /** A further process full of peers; ended with the box. */
  load(): Load;
  port(name: ListeningPort): number;
  /** Resident bytes of the hub now. */
  memory(): Promise<number>;
  /** What 99 of 100 turns of the hub's event loop were late at the most since then, milliseconds. */
  lagSince(time: number): Promise<{ readonly p99: number; readonly most: number }>;
  /** Kills the hub and starts it again on the same data and ports. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const probe = new URL('lag-probe.ts', import.meta.url).href;

export async function startNetworkBox({
  listening = ['mqtt', 'http'],
  words = [],
}: { readonly listening?: readonly ListeningPort[]; readonly words?: readonly string[] } = {}): Promise<NetworkBox> {
  const box = await createSandbox();
  const lagFile = join(box.directory, 'lag.ndjson');
  const start = (ports?: HubProcess['info']['ports']): Promise<HubProcess> =>
    startHubProcess(box, {
      dataDir: join(box.directory, 'hub'),
      listening,
      ports,
      nodeWords: ['--import', probe],
      env: { IOTCTL_TEST_LAG_FILE: lagFile },
      words: ['--no-controller', ...words],
    });
  let hub = await start();
  const loads: Load[] = [];
  const secret = 'a secret of this run';
  return {
    get hub() {
      return hub;
    },
    secret,
    register: (count) => registerDevices(hub, secret, count),
    load() {
      const load = startLoad();
      loads.push(load);
      return load;
    },
    port(name) {
      const port = hub.info.ports[name];
      if (port === null) throw new Error(`${name} does not listen`);
      return port;
    },
    memory: async () => (await memoryOf(hub.info.pid)).now,
    async lagSince(time) {
      // The line that holds the last half second.
      await delay(600);
      const lines = (await readFile(lagFile, 'utf8')).trimEnd().split('\n');
      const windows = lines.map((line) => JSON.parse(line) as { at: number; late: number[] });
      const late = windows.filter(({ at }) => at - 500 >= time).flatMap((window) => window.late);
      return { p99: percentile(late, 0.99), most: percentile(late, 1) };
    },
    async restart() {
      const { ports } = hub.info;
      await hub.kill();
      hub = await start(ports);
    },
    async close() {
      await Promise.all(loads.map((load) => load.end()));
      await hub.stop();
      await box.remove();
    },
  };
}
