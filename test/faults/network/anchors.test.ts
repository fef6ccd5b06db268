/** The same attack on the brokers that people know, as figures to compare with: no bound is held against them. C-19 of docs/trust.md. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { memoryOf } from '../../rollout/support/memory.ts';
import { report } from '../support/report.ts';
import { scale } from '../support/scale.ts';
import { startLoad } from './support/load.ts';
import { startNetworkBox } from './support/network-box.ts';

const sockets = 200;
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** What strangers cost that each announce 256 MB and send 1 MB: bytes of memory, and how many were cut in four seconds. */
async function announceMuch(pid: number, port: number, first: Uint8Array, bytesAtOnce: number) {
  const load = startLoad();
  const before = (await memoryOf(pid)).now;
  const attack = load.call('trickle', {
    count: sockets,
    port,
    first: Buffer.concat([first, Buffer.alloc(bytesAtOnce, 0x41)]).toString('base64'),
    rest: '',
    bytesAtOnce: 1,
    everyMs: 1_000,
    forMs: 4_000,
  });
  let most = before;
  const watch = setInterval(() => void memoryOf(pid).then(({ now }) => (most = Math.max(most, now))), 50);
  const { closed } = await attack;
  clearInterval(watch);
  await load.end();
  return { cut: closed, grownMb: Math.round(((most - before) / 1_048_576) * 10) / 10 };
}

const announces256Mb = Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]);
const megabyte = 1_048_576;

test.runIf(scale === 'full')('C-19: the same against mosquitto', async () => {
  if (spawnSync('mosquitto', ['-h']).error !== undefined) {
    process.stderr.write('skipped: mosquitto is not installed\n');
    return;
  }
  const port = 20_000 + (process.pid % 10_000);
  const child = spawn('mosquitto', ['-p', String(port)], { stdio: 'ignore' });
  started.push(child);
  await delay(500);
  const result = await announceMuch(child.pid ?? 0, port, announces256Mb, megabyte);
  report('C-19', { front: 'mosquitto', sockets, closed: result.cut, rssGrowthMb: result.grownMb });
  expect(child.exitCode).toBeNull();
});

test.runIf(scale === 'full')('C-19: the same against aedes', async () => {
  const program = new URL('aedes-load.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const result = await announceMuch(child.pid ?? 0, Number(line.toString()), announces256Mb, megabyte);
  report('C-19', { front: 'aedes', sockets, closed: result.cut, rssGrowthMb: result.grownMb });
  expect(child.exitCode).toBeNull();
});

test.runIf(scale === 'full')(
  'C-19: a hub that takes more from strangers holds more: what is measured is the limit',
  async () => {
    const box = await startNetworkBox({
      words: ['--limit', 'mqtt.connectBytes=320KiB', '--limit', 'mqtt.connectTimeoutMs=5s'],
    });
    try {
      // A CONNECT of 320,000 bytes, of which a few are missing.
      const first = Buffer.from([0x10, 0x80, 0xc4, 0x13]);
      const { cut, grownMb } = await announceMuch(box.hub.info.pid, box.port('mqtt'), first, 319_000);
      report('C-19', { front: 'MQTT, with a bad limit', sockets, closed: cut, rssGrowthMb: grownMb });
      expect(grownMb).toBeGreaterThan(32);
    } finally {
      await box.close();
    }
  },
);
