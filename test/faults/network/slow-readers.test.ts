/** Peers that do not read what they are sent, and queues that are full: C-15 and C-16 of docs/trust.md. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConnectionString } from '../../../src/protocol/connection-string.ts';
import { ownerToken } from '../../e2e/must-hold/support/hub-box.ts';
import { deviceIdOf } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import type { Load } from './support/load.ts';
import { startNetworkBox, type NetworkBox } from './support/network-box.ts';

const messageBytes = 16_000;
const offered = { count: atScale({ smoke: 500, full: 20_000 }), bytes: messageBytes, inFlight: 50 };
const others = atScale({ smoke: 4, full: 20 });
/** As many as the readers need: of each group five may read a partition. */
const consumerGroups = ['$Default', 'g1', 'g2', 'g3', 'g4'];
const stallMs = atScale({ smoke: 1_000, full: 8_000 });
/** A peer has stalled when the hub can write no more; then it has its time. */
const cutWithinMs = atScale({ smoke: 15_000, full: 30_000 });
const growthMb = 64;
let box: NetworkBox;
let [publisher, reader]: Load[] = [];

beforeAll(async () => {
  const stalls = ['mqtt.writeStallMs', 'amqp.writeStallMs', 'http.writeStallMs'];
  const words = atScale({ smoke: stalls.flatMap((name) => ['--limit', `${name}=${stallMs}ms`]), full: [] });
  const groups = consumerGroups.slice(1).flatMap((name) => ['--consumer-group', name]);
  box = await startNetworkBox({ listening: ['mqtt', 'amqp', 'http'], words: [...words, ...groups] });
  await box.register(4);
  [publisher, reader] = [box.load(), box.load()];
  const target = { port: box.port('mqtt'), secret: box.secret };
  await publisher.call('connectDevices', { from: 0, count: 2, parallel: 2, ...target });
  // What a hub grows to while it works at all is not due to a frozen reader.
  await reader.call('openStreams', {
    port: box.port('http'),
    readers: others,
    frozen: 0,
    authorization: ownerToken(box.hub.info),
  });
  await offerAndRead();
});
afterAll(() => box?.close());

/** What the hub holds at the most while the work is done, megabytes over what it held before. */
async function growthWhile<Result>(work: () => Promise<Result>): Promise<readonly [Result, number]> {
  const before = await box.memory();
  let most = before;
  const watch = setInterval(() => void box.memory().then((now) => (most = Math.max(most, now))), 50);
  try {
    const result = await work();
    return [result, Math.round((most - before) / 1_048_576)];
  } finally {
    clearInterval(watch);
  }
}

async function offerAndRead() {
  const offer = publisher?.call('offer', { index: 0, ...offered });
  const read = await reader?.call('awaitReaders', {
    expected: offered.count,
    withinMs: atScale({ smoke: 20_000, full: 300_000 }),
  });
  return { acknowledged: (await offer)?.acknowledged, read };
}

/** One reader is frozen: it is cut, the others get all that is offered, and the hub holds little for it. Answers when it was cut. */
async function othersGetEverything(readers: string): Promise<number | undefined> {
  const [{ acknowledged, read }, grownMb] = await growthWhile(offerAndRead);
  const { fewest = 0, cut = 0, cutAfterMs } = read ?? {};
  const seen = { fewest, cut, cutAfterMs: cutAfterMs ?? -1, rssGrowthMb: grownMb };
  report('C-15', { readers, others, offered: offered.count, ...seen });
  expect(acknowledged).toBe(offered.count);
  expect(read).toMatchObject({ fewest: offered.count, most: offered.count, cut: 1 });
  expect(grownMb).toBeLessThanOrEqual(growthMb);
  return cutAfterMs;
}

test('C-15: of readers of the telemetry stream, one that reads nothing is cut, and the others get everything', async () => {
  await reader?.call('openStreams', {
    port: box.port('http'),
    readers: others,
    frozen: 1,
    authorization: ownerToken(box.hub.info),
  });
  expect(await othersGetEverything('HTTP stream')).toBeLessThanOrEqual(cutWithinMs);
});

test('C-15: the same for receivers of the Event Hubs-compatible endpoint', async () => {
  const text = box.hub.info.eventHubConnectionString ?? '';
  const part = (name: string): string => new RegExp(`${name}=([^;]+)`).exec(text)?.[1] ?? '';
  const login = { policy: part('SharedAccessKeyName'), key: part('SharedAccessKey'), entity: part('EntityPath') };
  const readers = { readers: others, frozen: 1, partitions: 4, consumerGroups };
  await reader?.call('openReceivers', { port: box.port('amqp'), ...readers, ...login });
  await othersGetEverything('Event Hubs');
});

test('C-15: a device that does not read changes of its twin is cut, and one that reads gets them', async () => {
  const target = { port: box.port('mqtt'), secret: box.secret };
  await reader?.call('connectDevices', { from: 2, count: 1, parallel: 1, ...target });
  await reader?.call('subscribe', { index: 2, filter: '$iothub/twin/PATCH/properties/desired/#' });
  await reader?.call('freeze', { index: 2 });
  const patches = atScale({ smoke: 250, full: 1_000 });
  const [life, grownMb] = await growthWhile(async () => {
    const end = reader?.call('awaitEnd', { index: 2, withinMs: atScale({ smoke: 20_000, full: 60_000 }) });
    for (let patch = 0; patch < patches; patch++) {
      const properties = Object.fromEntries(
        Array.from({ length: 7 }, (_, at) => [`p${at}`, `${patch}`.padEnd(4_000, '.')]),
      );
      const answer = await box.hub.request('PATCH', `/twins/${deviceIdOf(2)}`, { properties: { desired: properties } });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    return end;
  });
  report('C-15', { readers: 'device', patches, cutAfterMs: life ?? -1, rssGrowthMb: grownMb });
  expect(life).toBeGreaterThan(0);
  expect(grownMb).toBeLessThanOrEqual(growthMb);
});

test('C-16: messages beyond what a queue holds are refused to their sender; what was accepted reaches the device', async () => {
  const count = atScale({ smoke: 200, full: 500 });
  const { sharedAccessKeyName = '' } = parseConnectionString(box.hub.info.connectionString);
  const sent = await reader?.call('sendMessages', {
    port: box.port('amqp'),
    user: `${sharedAccessKeyName}@sas.root.localhost`,
    token: ownerToken(box.hub.info),
    deviceId: deviceIdOf(3),
    count,
    bytes: 1_000,
  });
  const accepted = sent?.accepted ?? [];
  await box.restart();
  const target = { port: box.port('mqtt'), secret: box.secret };
  await publisher?.call('connectDevices', { from: 3, count: 1, parallel: 1, ...target });
  const received = await publisher?.call('receive', { index: 3, count: accepted.length, quietMs: 5_000 });
  const numbers = received?.map((body) => Number.parseInt(body, 10)) ?? [];
  const lost = accepted.filter((number) => !numbers.includes(number)).length;
  const refused = Object.values(sent?.refused ?? {}).reduce((sum, each) => sum + each, 0);
  report('C-16', { offered: count, accepted: accepted.length, refused, lost });
  expect(accepted.length).toBe(50);
  expect(sent?.refused).toEqual({ 'amqp:resource-limit-exceeded': count - 50 });
  expect(numbers).toEqual(accepted);
});
