/** Connections whose other end is gone without a word: C-17 of docs/trust.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceIdOf } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { startFreezingProxy, type FreezingProxy } from './support/freezing-proxy.ts';
import type { Load } from './support/load.ts';
import { startNetworkBox, type NetworkBox } from './support/network-box.ts';

const count = atScale({ smoke: 100, full: 1_000 });
const keepAlive = atScale({ smoke: 1, full: 10 });
let box: NetworkBox;
let proxy: FreezingProxy;
let load: Load;

beforeAll(async () => {
  box = await startNetworkBox();
  await box.register(count);
  proxy = await startFreezingProxy(box.port('mqtt'));
  load = box.load();
});
afterAll(async () => {
  await proxy?.close();
  await box?.close();
});

async function connected(): Promise<number> {
  const answer = await box.hub.request('GET', '/statistics/service');
  return ((await answer.json()) as { connectedDeviceCount: number }).connectedDeviceCount;
}

test('C-17: a session ends one and a half times its keep-alive after the last byte; a new one need not wait; each will is told once', async () => {
  const target = { secret: box.secret, keepAlive, willBody: 'gone', parallel: 50 };
  const first = await load.call('connectDevices', { from: 0, count, port: proxy.port, ...target });
  expect(first).toMatchObject({ connected: count, failures: {} });
  proxy.freeze();
  const frozenAt = performance.now();

  // A tenth come back by another way at once, although the hub thinks that they are still there.
  const back = Math.floor(count / 10);
  const again = await load.call('connectDevices', {
    from: 0,
    count: back,
    port: box.port('mqtt'),
    ...target,
    keepAlive: 600,
  });
  expect(again).toMatchObject({ connected: back, failures: {} });

  const deadline = frozenAt + keepAlive * 1_500 + 6_000;
  let left = await connected();
  while (left > back && performance.now() < deadline) {
    await delay(20);
    left = await connected();
  }
  const freedMs = Math.round(performance.now() - frozenAt);
  const wills = new Map<string, number>();
  for await (const { deviceId, body } of readStored(box.hub))
    if (body === 'gone') wills.set(deviceId, (wills.get(deviceId) ?? 0) + 1);
  const twice = [...wills.values()].filter((times) => times > 1).length;
  report('C-17', {
    sessions: count,
    keepAliveSeconds: keepAlive,
    freedMs,
    left: left - back,
    takenOverMs: again.latencies.p99,
    wills: wills.size,
    willsTwice: twice,
  });
  expect(left).toBe(back);
  expect(freedMs).toBeLessThanOrEqual(keepAlive * 1_500 + atScale({ smoke: 3_000, full: 1_500 }));
  expect(twice).toBe(0);
  // Of those that were taken over as well: their connection broke (MQTT-3.1.2-8).
  expect(wills.size).toBe(count);
  expect(wills.has(deviceIdOf(0))).toBe(true);
});
