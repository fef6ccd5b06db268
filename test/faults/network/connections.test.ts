/** Many devices at once: idle, arriving, and coming back after a restart. C-12, C-13 and C-14 of docs/trust.md. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import type { Load } from './support/load.ts';
import { startNetworkBox, type NetworkBox } from './support/network-box.ts';

const total = atScale({ smoke: 400, full: 19_000 });
const existing = 50;
const secured = atScale({ smoke: 60, full: 3_000 });
const fleet = { from: existing, count: total - existing };
let box: NetworkBox;
let [steady, storm, herd]: Load[] = [];

beforeAll(async () => {
  // The limit of strangers is what the herd runs into; each device of it comes from one of four addresses.
  const words = ['--limit', `connections.strangers=${atScale({ smoke: 200, full: 1_024 })}`];
  box = await startNetworkBox({ listening: ['mqtt', 'mqtts', 'http'], words });
  await box.register(total);
  [steady, storm, herd] = [box.load(), box.load(), box.load()];
  const target = { port: box.port('mqtt'), secret: box.secret };
  const connected = await steady.call('connectDevices', { from: 0, count: existing, parallel: 10, ...target });
  expect(connected.connected).toBe(existing);
});
afterAll(() => box?.close());

test('C-13: while many devices connect at once, all are let in and the others are served', async () => {
  const target = { port: box.port('mqtt'), secret: box.secret };
  const served = steady?.call('sendSteadily', {
    from: 0,
    count: existing,
    everyMs: 1_000,
    forMs: atScale({ smoke: 1_000, full: 15_000 }),
  });
  const before = await box.memory();
  const plain = await storm?.call('connectDevices', { ...fleet, parallel: 200, ...target });
  const others = await served;
  const perConnection = Math.round(((await box.memory()) - before) / fleet.count);
  report('C-13', {
    front: 'MQTT',
    connects: plain?.connected ?? 0,
    failed: fleet.count - (plain?.connected ?? 0),
    perSecond: Math.round((plain?.connected ?? 0) / ((plain?.milliseconds ?? 1) / 1_000)),
    othersP99Ms: others?.latencies.p99 ?? -1,
    rssPerConnection: perConnection,
  });
  expect(plain).toMatchObject({ connected: fleet.count, failures: {} });
  expect(others?.acknowledged).toBe(others?.sent);
  expect(others?.latencies.p99).toBeLessThanOrEqual(atScale({ smoke: 2_000, full: 200 }));
});

test('C-12: idle connections stay, are served once a minute, and leave the event loop free', async () => {
  const begin = Date.now();
  const forMs = atScale({ smoke: 500, full: 60_000 });
  // In the smoke the minute is a second for a sixtieth of the devices.
  const range = { from: fleet.from, count: Math.floor(fleet.count / atScale({ smoke: 60, full: 1 })) };
  const served = await storm?.call('sendSteadily', { ...range, everyMs: forMs, forMs });
  const open = await storm?.call('openDevices', fleet);
  const lag = await box.lagSince(begin);
  report('C-12', {
    connections: open ?? 0,
    messages: served?.acknowledged ?? 0,
    p99Ms: served?.latencies.p99 ?? -1,
    lagP99Ms: lag.p99,
    rssMb: Math.round((await box.memory()) / 1_048_576),
  });
  expect(open).toBe(fleet.count);
  expect(served?.acknowledged).toBe(served?.sent);
  expect(lag.p99).toBeLessThanOrEqual(atScale({ smoke: 500, full: 50 }));
});

test('C-13: the same over TLS', async () => {
  await storm?.call('disconnect', fleet);
  const served = steady?.call('sendSteadily', {
    from: 0,
    count: existing,
    everyMs: 1_000,
    forMs: atScale({ smoke: 1_000, full: 15_000 }),
  });
  const range = { from: existing, count: secured };
  const target = { port: box.port('mqtts'), secret: box.secret, tls: true };
  const result = await storm?.call('connectDevices', {
    ...range,
    parallel: atScale({ smoke: 50, full: 100 }),
    ...target,
  });
  const others = await served;
  report('C-13', {
    front: 'MQTT over TLS',
    connects: result?.connected ?? 0,
    failed: secured - (result?.connected ?? 0),
    perSecond: Math.round((result?.connected ?? 0) / ((result?.milliseconds ?? 1) / 1_000)),
    othersP99Ms: others?.latencies.p99 ?? -1,
  });
  expect(result).toMatchObject({ connected: secured, failures: {} });
  expect(others?.acknowledged).toBe(others?.sent);
  await storm?.call('disconnect', range);
});

test.each([
  ['a', 'with back-off and jitter', { backOffMs: 200, mostMs: atScale({ smoke: 1_000, full: 20_000 }) }],
  ['b', 'all at once, again every 100 ms', { everyMs: 100 }],
] as const)('C-14 (%s): after a restart all devices come back, %s', async (part, _how, retry) => {
  const steadyMb = (await box.memory()) / 1_048_576;
  const { pid } = box.hub.info;
  await box.restart();
  const target = { port: box.port('mqtt'), secret: box.secret };
  const begin = Date.now();
  let mostMb = 0;
  const watch = setInterval(() => void box.memory().then((now) => (mostMb = Math.max(mostMb, now / 1_048_576))), 100);
  const answers: number[] = [];
  const ask = async (): Promise<void> => {
    const asked = performance.now();
    const { ok } = await box.hub.request('GET', '/statistics/service');
    if (ok) answers.push(performance.now() - asked);
  };
  // A few devices are back before anybody could ask a second time.
  const asks = [ask()];
  const asking = setInterval(() => asks.push(ask()), 250);
  const back = await herd?.call('connectDevices', {
    ...fleet,
    parallel: fleet.count,
    retry,
    // Some wait the longest pause more than once, by chance.
    withinMs: 'mostMs' in retry ? 60_000 + 3 * retry.mostMs : 60_000,
    ...target,
  });
  clearInterval(watch);
  clearInterval(asking);
  await Promise.all(asks);
  const lag = await box.lagSince(begin);
  report('C-14', {
    part,
    devices: fleet.count,
    back: back?.connected ?? 0,
    milliseconds: back?.milliseconds ?? 0,
    attempts: back?.attempts ?? 0,
    operatorAnswered: answers.length,
    operatorSlowestMs: Math.round(Math.max(0, ...answers)),
    lagP99Ms: lag.p99,
    rssBeforeMb: Math.round(steadyMb),
    rssMostMb: Math.round(mostMb),
  });
  expect(box.hub.info.pid).not.toBe(pid);
  expect(back?.connected).toBe(fleet.count);
  // An operator gets an answer all the while.
  expect(answers.length).toBeGreaterThan(0);
  expect(Math.max(...answers)).toBeLessThanOrEqual(atScale({ smoke: 15_000, full: 2_000 }));
  expect(mostMb).toBeLessThanOrEqual(atScale({ smoke: 1.5 * steadyMb + 60, full: 1.5 * steadyMb }));
  await herd?.call('disconnect', fleet);
});
