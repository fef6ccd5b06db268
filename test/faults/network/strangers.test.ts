/** What peers can do that have not shown who they are: C-18 and C-19 of docs/trust.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import type { Trickle } from './support/load-commands.ts';
import type { Load } from './support/load.ts';
import { packet, text } from './support/raw-device.ts';
import { startNetworkBox, type NetworkBox } from './support/network-box.ts';

const normalDevices = 20;
/** What a night waits for, the smoke has in an eighth of the time. */
const timeLimits = ['connections.handshakeMs', 'mqtt.connectTimeoutMs', 'amqp.openMs', 'http.headersMs'];
const hubWords = atScale({ smoke: timeLimits.flatMap((name) => ['--limit', `${name}=1s`]), full: [] });
const cutWithinMs = atScale({ smoke: 6_500, full: 10_500 });
let box: NetworkBox;
let [attacker, normal]: Load[] = [];

beforeAll(async () => {
  box = await startNetworkBox({ listening: ['mqtt', 'mqtts', 'amqp', 'http'], words: hubWords });
  await box.register(normalDevices);
  [attacker, normal] = [box.load(), box.load()];
  const target = { port: box.port('mqtt'), secret: box.secret };
  await normal.call('connectDevices', { from: 0, count: normalDevices, parallel: normalDevices, ...target });
});
afterAll(() => box?.close());

const httpHead = 'POST /devices?api-version=2021-04-12 HTTP/1.1\r\nhost: localhost\r\n';
/** A ClientHello record that announces 512 bytes of handshake. */
const clientHello = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), Buffer.alloc(400, 7)]);
const upgrade =
  'GET /$iothub/websocket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: mqtt\r\n';
const amqpHeader = Buffer.from('AMQP\0\x01\0\0', 'latin1');
const saslHeader = Buffer.from('AMQP\x03\x01\0\0', 'latin1');

/** Where a peer that trickles can stand: what it sends at once, and what it never ends. */
const stages: Readonly<
  Record<string, { port: 'mqtt' | 'mqtts' | 'amqp' | 'http'; first: Uint8Array; rest: Uint8Array }>
> = {
  'nothing over MQTT': { port: 'mqtt', first: Buffer.alloc(0), rest: Buffer.alloc(0) },
  'MQTT fixed header': { port: 'mqtt', first: Buffer.from([0x10]), rest: Buffer.from([0xff]) },
  'MQTT CONNECT': { port: 'mqtt', first: packet(0x10, [Buffer.alloc(300)]).subarray(0, 2), rest: text('MQTT') },
  'TLS ClientHello': { port: 'mqtts', first: clientHello.subarray(0, 5), rest: clientHello.subarray(5) },
  'AMQP header': { port: 'amqp', first: amqpHeader.subarray(0, 2), rest: amqpHeader.subarray(2, 7) },
  'AMQP before OPEN': { port: 'amqp', first: amqpHeader, rest: Buffer.from([0, 0, 1, 0, 2]) },
  SASL: { port: 'amqp', first: saslHeader, rest: Buffer.from([0, 0, 1, 0, 2]) },
  'nothing over HTTP': { port: 'http', first: Buffer.alloc(0), rest: Buffer.alloc(0) },
  'HTTP headers': { port: 'http', first: Buffer.from(httpHead), rest: Buffer.from('x-a: b\r\n') },
  'HTTP body of a stranger': {
    port: 'http',
    first: Buffer.from(`${httpHead}content-length: 1000\r\n\r\n`),
    rest: Buffer.from('{'),
  },
  'WebSocket upgrade': { port: 'http', first: Buffer.from(upgrade), rest: Buffer.from('x-a: b\r\n') },
  'MQTT in a WebSocket': {
    port: 'http',
    first: Buffer.from(`${upgrade}\r\n`),
    rest: Buffer.from([0x82, 0xfe, 1, 0, 1, 2, 3, 4, 0x11]),
  },
};

test('C-18: peers that send a byte now and then are cut soon, and others are served meanwhile', async () => {
  const each = atScale({ smoke: 40, full: 420 });
  const forMs = cutWithinMs + 500;
  const begin = Date.now();
  const steady = normal?.call('sendSteadily', {
    from: 0,
    count: normalDevices,
    everyMs: 500,
    forMs: atScale({ smoke: 2_000, full: 9_000 }),
  });
  const cases = Object.entries(stages).map(async ([stage, { port, first, rest }]) => {
    const trickle: Trickle = {
      count: each,
      port: box.port(port),
      first: Buffer.from(first).toString('base64'),
      rest: Buffer.from(rest).toString('base64'),
      bytesAtOnce: 1,
      everyMs: atScale({ smoke: 400, full: 10_000 }),
      forMs,
      localAddress: '127.0.0.2',
    };
    return [stage, await attacker?.call('trickle', trickle)] as const;
  });
  const results = await Promise.all(cases);
  const served = await steady;
  const lag = await box.lagSince(begin);
  for (const [stage, result] of results)
    report('C-18', { stage, sockets: each, closed: result?.closed ?? 0, longestMs: result?.lives.most ?? 0 });
  report('C-18', {
    stage: 'others',
    p99Ms: served?.latencies.p99 ?? -1,
    lagP99Ms: lag.p99,
    acknowledged: served?.acknowledged ?? 0,
  });
  for (const [stage, result] of results) {
    expect.soft(result?.closed, `cut: ${stage}`).toBe(each);
    expect.soft(result?.lives.most, stage).toBeLessThanOrEqual(cutWithinMs);
  }
  expect(served?.acknowledged).toBe(served?.sent);
  expect(served?.latencies.p99).toBeLessThanOrEqual(atScale({ smoke: 2_000, full: 200 }));
});

test('C-19: strangers that announce 256 MB and send 1 MB are cut at what they may send', async () => {
  const count = atScale({ smoke: 200, full: 1_000 });
  const amounts: Readonly<Record<string, { port: 'mqtt' | 'amqp' | 'http'; first: Uint8Array }>> = {
    MQTT: { port: 'mqtt', first: Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]) },
    AMQP: { port: 'amqp', first: Buffer.concat([amqpHeader, Buffer.from([0x10, 0, 0, 0, 2, 0, 0, 0])]) },
    HTTP: { port: 'http', first: Buffer.from(`${httpHead}content-length: 268435455\r\n\r\n`) },
    WebSocket: {
      port: 'http',
      first: Buffer.concat([
        Buffer.from(`${upgrade}\r\n`),
        Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x0f, 0, 0, 1, 2, 3, 4]),
      ]),
    },
  };
  for (const [front, { port, first }] of Object.entries(amounts)) {
    await delay(100);
    const before = await box.memory();
    const chunk = Buffer.alloc(64 * 1_024, 0x41);
    let most = before;
    const watch = setInterval(() => void box.memory().then((now) => (most = Math.max(most, now))), 50);
    const result = await attacker?.call('trickle', {
      count,
      port: box.port(port),
      first: Buffer.from(first).toString('base64'),
      rest: chunk.toString('base64'),
      bytesAtOnce: chunk.length,
      everyMs: 10,
      forMs: atScale({ smoke: 4_000, full: 60_000 }),
      localAddress: '127.0.0.3',
    });
    clearInterval(watch);
    const grownMb = Math.round(((most - before) / 1_048_576) * 10) / 10;
    report('C-19', {
      front,
      sockets: count,
      closed: result?.closed ?? 0,
      longestMs: result?.lives.most ?? 0,
      rssGrowthMb: grownMb,
    });
    expect.soft(result?.closed, front).toBe(count);
    // What they sent in the smoke is 200 MB, and a collection that came late may be 20.
    expect.soft(grownMb, front).toBeLessThanOrEqual(atScale({ smoke: 64, full: 32 }));
  }
});
