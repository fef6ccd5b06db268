/** Devices that are who they say they are, and mean ill or run wild: C-20 and C-21 of docs/trust.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceIdOf } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import type { Load } from './support/load.ts';
import { startNetworkBox, type NetworkBox } from './support/network-box.ts';
import { connectPacket, packet, text } from './support/raw-device.ts';

const normal = atScale({ smoke: 100, full: 500 });
const [flooder, abuser, storm] = [normal, normal + 1, normal + 2];
const stormers = atScale({ smoke: 100, full: 1_000 });
/** In the smoke the flooder is held to less, as the machine may not be able to flood. */
const rate = atScale({ smoke: 2_000, full: 20_000 });
let box: NetworkBox;
let [others, attacker]: Load[] = [];
let target: { readonly port: number; readonly secret: string };

beforeAll(async () => {
  const words = atScale({ smoke: ['--limit', `device.messagesPerSecond=${rate}`], full: [] });
  box = await startNetworkBox({ words });
  await box.register(storm + stormers);
  target = { port: box.port('mqtt'), secret: box.secret };
  [others, attacker] = [box.load(), box.load()];
  await others.call('connectDevices', { from: 0, count: normal, parallel: 50, ...target });
  await attacker.call('connectDevices', { from: flooder, count: 1, parallel: 1, ...target });
});
afterAll(() => box?.close());

test('C-20: a device that floods is slowed, neither cut nor robbed of what was acknowledged; the others hardly notice', async () => {
  const forMs = atScale({ smoke: 1_200, full: 20_000 });
  const steady = { from: 0, count: normal, everyMs: 1_000, forMs };
  const before = await others?.call('sendSteadily', steady);
  const flood = attacker?.call('flood', { index: flooder, perSecond: 50_000, forMs, bytes: 200, inFlight: rate / 2 });
  const meanwhile = await others?.call('sendSteadily', steady);
  const flooded = await flood;
  const seconds = (flooded?.milliseconds ?? 1) / 1_000;
  const perSecond = Math.round((flooded?.acknowledged ?? 0) / seconds);
  report('C-20', {
    normal,
    baselineP99Ms: before?.latencies.p99 ?? -1,
    p99Ms: meanwhile?.latencies.p99 ?? -1,
    flooderSent: flooded?.sent ?? 0,
    flooderAcknowledged: flooded?.acknowledged ?? 0,
    flooderPerSecond: perSecond,
  });
  expect(flooded).toMatchObject({ isOpen: true, acknowledged: flooded?.sent });
  expect(perSecond).toBeGreaterThan(rate / 4);
  // Seconds are those of the hub's clock: the flood lies in one more than it lasts, and begins and ends in two of them. What a turn took over
  // counts for the next.
  expect(flooded?.acknowledged).toBeLessThanOrEqual(rate * (Math.ceil(seconds) + 1) * 1.1);
  expect(meanwhile?.acknowledged).toBe(meanwhile?.sent);
  // Below some milliseconds the difference is the machine's.
  const bound = 2 * Math.max(before?.latencies.p99 ?? 0, 10);
  expect(meanwhile?.latencies.p99).toBeLessThanOrEqual(atScale({ smoke: bound + 200, full: bound }));
});

const own = (rest: string): Buffer => text(`devices/${deviceIdOf(abuser)}/messages/events/${rest}`);
const two = (number: number): Buffer => Buffer.from([number >> 8, number & 0xff]);
const subscribe = (number: number, ...filters: readonly string[]): Buffer =>
  packet(0x82, [two(number), ...filters.flatMap((filter) => [text(filter), Buffer.from([1])])]);
const many = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index + 1));
const levels = (count: number): string => Array.from({ length: count }, () => 'a').join('/');

/** A CONNECT of MQTT 5 with properties, as `length` bytes of user properties or a topic alias maximum. */
function connect5(properties: Buffer): Buffer {
  const size = packet(0, [properties]).subarray(1);
  return packet(0x10, [text('MQTT'), Buffer.from([5, 2, 0, 60]), size, text(deviceIdOf(abuser))]);
}

interface Abuse {
  readonly packets: readonly Uint8Array[];
  readonly bare?: true;
  /** False where what it does is allowed, and must only cost nothing that stays. */
  readonly cut: boolean;
}

const abuses: Readonly<Record<string, () => Abuse>> = {
  '151 topic levels in a subscription (GHSA-xxqp-5qx8-gj5q)': () => ({
    packets: [subscribe(1, levels(151))],
    cut: true,
  }),
  '30,000 topic levels in a subscription (CVE-2021-33176)': () => ({
    packets: [subscribe(1, levels(30_000))],
    cut: true,
  }),
  '30,000 topic levels in a publication': () => ({
    packets: [packet(0x32, [text(levels(30_000)), two(1), text('x')])],
    cut: true,
  }),
  '10,000 subscriptions, one after the other': () => ({
    packets: many(10_000, (index) => subscribe(index, `$iothub/methods/POST/#${index}`)),
    cut: true,
  }),
  '10,000 filters in one subscription': () => ({
    packets: [subscribe(1, ...many(10_000, (index) => `$iothub/twin/res/#${index}`))],
    cut: true,
  }),
  '5,000 times the same subscription': () => ({
    packets: many(5_000, (index) => subscribe(index, '$iothub/twin/res/#')),
    cut: false,
  }),
  '10,000 properties in a topic': () => ({
    packets: [
      packet(0x32, [
        own(
          many(10_000, (index) => `${index}=1`)
            .join('&')
            .slice(0, 65_000),
        ),
        two(1),
        text('x'),
      ]),
    ],
    cut: false,
  }),
  '65,535 bytes of user properties in a CONNECT of MQTT 5': () => ({
    packets: [connect5(Buffer.concat(many(1_400, () => Buffer.concat([Buffer.from([0x26]), text('k'), text('v')]))))],
    bare: true,
    cut: true,
  }),
  'a topic alias maximum in a CONNECT of MQTT 5': () => ({
    packets: [connect5(Buffer.from([0x22, 0xff, 0xff]))],
    bare: true,
    cut: true,
  }),
  'QoS 2 with the same identifier, never released': () => ({
    packets: many(1_000, () => packet(0x34, [own(''), two(7), text('x')])),
    cut: true,
  }),
  'acknowledgements that nobody waits for': () => ({
    packets: many(1_000, (index) => packet(0x40, [two(index)])),
    cut: true,
  }),
  '5,000 retained messages': () => ({
    packets: many(5_000, (index) => packet(0x33, [own(`n=${index}`), two(index), text('x')])),
    cut: false,
  }),
  'a packet of 268,435,455 bytes': () => ({
    packets: [Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(1_048_576)],
    cut: true,
  }),
  'a length of five bytes (NanoMQ)': () => ({
    packets: [Buffer.from([0x32, 0x80, 0x80, 0x80, 0x80, 0x01])],
    cut: true,
  }),
  'a length of five bytes in place of a CONNECT': () => ({
    packets: [Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    bare: true,
    cut: true,
  }),
  'a second CONNECT': () => ({ packets: [connectPacket(deviceIdOf(abuser), 'another')], cut: true }),
  'packet types that do not exist': () => ({ packets: [Buffer.from([0x00, 0]), Buffer.from([0xf0, 0])], cut: true }),
  'telemetry of another device': () => ({
    packets: [packet(0x32, [text('devices/d0/messages/events/'), two(1), text('x')])],
    cut: true,
  }),
  'the topics of the broker': () => ({ packets: [subscribe(1, '$SYS/#')], cut: true }),
  everything: () => ({ packets: [subscribe(1, '#')], cut: true }),
  'an empty topic': () => ({ packets: [packet(0x32, [text(''), two(1), text('x')])], cut: true }),
  'a topic longer than its packet': () => ({ packets: [packet(0x32, [two(60_000), text('x')])], cut: true }),
};

test('C-21: whatever a device sends, the hub lives, serves the others, and holds nothing afterwards', async () => {
  const { pid } = box.hub.info;
  const before = await box.memory();
  const results: Record<string, { readonly cut: boolean; readonly afterMs: number }> = {};
  for (const [name, make] of Object.entries(abuses)) {
    const { packets, bare, cut } = make();
    const result = await attacker?.call('abuse', {
      index: abuser,
      packets: packets.map((bytes) => Buffer.from(bytes).toString('base64')),
      ...(bare === true && { bare }),
      forMs: cut ? 5_000 : 300,
      ...target,
    });
    results[name] = { cut: result?.cut === cut, afterMs: result?.afterMs ?? -1 };
  }
  // Wills: each device breaks off without a word, again and again.
  for (let round = 0; round < atScale({ smoke: 2, full: 10 }); round++) {
    const range = { from: storm, count: stormers };
    const connected = await attacker?.call('connectDevices', {
      ...range,
      parallel: 50,
      willBody: `gone ${round}`,
      ...target,
    });
    expect(connected?.connected).toBe(stormers);
    await attacker?.call('disconnect', range);
  }
  const served = await others?.call('sendSteadily', { from: 0, count: normal, everyMs: 500, forMs: 500 });
  await delay(atScale({ smoke: 200, full: 30_000 }));
  const after = await box.memory();
  const wrong = Object.entries(results).filter(([, { cut }]) => !cut);
  const slowestMs = Math.max(
    ...Object.entries(results).map(([name, { afterMs }]) => (abuses[name]?.().cut === true ? afterMs : 0)),
  );
  report('C-21', {
    abuses: Object.keys(results).length,
    unexpected: wrong.length,
    slowestCutMs: slowestMs,
    rssBeforeMb: Math.round(before / 1_048_576),
    rssAfterMb: Math.round(after / 1_048_576),
    othersP99Ms: served?.latencies.p99 ?? -1,
  });
  expect(wrong).toEqual([]);
  expect(box.hub.info.pid).toBe(pid);
  expect(await others?.call('openDevices', { from: 0, count: normal })).toBe(normal);
  expect(served?.acknowledged).toBe(served?.sent);
  expect(after).toBeLessThanOrEqual(before * atScale({ smoke: 1.25, full: 1.05 }));
});
