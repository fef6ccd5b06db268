/**
 * C-23 over sockets, in two parties: one that talks nonsense in the midst of a conversation that began well, and a healthy device
 * beside it, whose telemetry, commands and twin must go on as if nothing were.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import mqttPacket from 'mqtt-packet';
import { connectPacket, type Peer } from '../../support/mqtt-front.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { startLiveHub, type LiveHub } from '../identity/support/live-hub.ts';
import { corpus } from './support/corpus.ts';
import { createHeldMb } from '../support/held-memory.ts';
import { mutateBytes } from './support/mutate.ts';
import { below, pick, randomOfCase, type Random } from './support/random.ts';

let hub: LiveHub;
let healthy: Peer;
let number = 0;
const problems: unknown[] = [];
const note = (error: unknown): void => void problems.push(error);

beforeAll(async () => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  hub = await startLiveHub();
  await hub.make('dev1', 'healthy');
  healthy = await hub.mqtt('healthy');
  expect(await healthy.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
  await healthy.subscribe('$iothub/twin/res/#', '$iothub/methods/POST/#');
});
afterAll(async () => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  await hub.close();
});

/** One round of everything that a device does; answers how long it took. */
async function heartbeat(): Promise<number> {
  const begin = performance.now();
  number++;
  healthy.publish('devices/healthy/messages/events/', `beat ${number}`, { qos: 1, messageId: (number % 65_000) + 1 });
  expect(await healthy.next()).toMatchObject({ cmd: 'puback' });
  healthy.publish(`$iothub/twin/GET/?$rid=${number}`, '');
  expect(await healthy.next()).toMatchObject({ cmd: 'publish', topic: `$iothub/twin/res/200/?$rid=${number}` });
  return performance.now() - begin;
}

async function open(port: number | null): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, noDelay: true });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

interface Attack {
  readonly name: string;
  readonly port: () => number | null;
  /** What is said well first. */
  readonly opening: () => readonly Uint8Array[];
  readonly seeds: readonly Uint8Array[];
  readonly cases: number;
}

async function converse(attack: Attack, random: Random): Promise<void> {
  const socket = await open(attack.port());
  for (const bytes of random() < 0.8 ? attack.opening() : []) socket.write(bytes);
  for (let said = 1 + below(random, 6); said > 0; said--) {
    const bytes =
      random() < 0.4
        ? Buffer.from(pick(random, attack.seeds))
        : mutateBytes(random, pick(random, attack.seeds), attack.seeds);
    if (random() < 0.2 && bytes.length > 2) {
      socket.write(bytes.subarray(0, bytes.length >> 1));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(bytes.subarray(bytes.length >> 1));
    } else socket.write(bytes);
  }
  await new Promise((resolve) => setImmediate(resolve));
  if (random() < 0.5) socket.end();
  else socket.destroy();
}

const mqttSeeds = corpus('mqtt').map(({ bytes }) => bytes);
const amqpSeeds = corpus('amqp-frames').map(({ bytes }) => bytes);
const httpSeeds = (): readonly Uint8Array[] =>
  corpus('http').map(({ bytes }) =>
    Buffer.from(
      bytes
        .toString('utf8')
        .replace('TOKEN', hub.ownerToken())
        .replace('DEVICE', hub.token('dev1'))
        .replace(/HTTP\/1\.1\r\nHost: localhost\r\n/, `HTTP/1.1\r\nHost: localhost:${hub.info.ports.http}\r\n`),
    ),
  );

it('C-23 a healthy device notices nothing of peers that talk nonsense over MQTT, AMQP and HTTP', async () => {
  const attacks: readonly Attack[] = [
    {
      name: 'mqtt',
      port: () => hub.info.ports.mqtt,
      opening: () => [
        mqttPacket.generate(
          connectPacket('dev1', {
            username: 'localhost/dev1/?api-version=2021-04-12',
            password: Buffer.from(hub.token('dev1')),
          }),
        ),
      ],
      seeds: mqttSeeds,
      cases: atScale({ smoke: 60, full: 60_000 }),
    },
    {
      name: 'amqp',
      port: () => hub.info.ports.amqp,
      opening: () => amqpSeeds.slice(0, 3),
      seeds: amqpSeeds,
      cases: atScale({ smoke: 60, full: 40_000 }),
    },
    {
      name: 'http',
      port: () => hub.info.ports.http,
      opening: () => [],
      seeds: httpSeeds(),
      cases: atScale({ smoke: 60, full: 40_000 }),
    },
  ];
  const longestMs = atScale({ smoke: 1_500, full: 400_000 });
  const heldMb = createHeldMb();
  const heldBefore = heldMb();
  let cases = 0;
  let slowestMs = 0;
  let beats = 0;
  for (const attack of attacks) {
    const begin = performance.now();
    for (let index = 0; index < attack.cases && performance.now() - begin < longestMs; index++) {
      await converse(attack, randomOfCase(`socket-${attack.name}`, index));
      cases++;
      if (index % 10 === 9) {
        slowestMs = Math.max(slowestMs, await heartbeat());
        beats++;
      }
      if (problems.length > 0) throw new Error(`${attack.name}, case ${index}: ${String(problems[0])}`);
    }
  }
  const failures = hub.logged.filter(({ level }) => level === 'error');
  hub.logged.length = 0;
  const heldGrowthMb = Math.round(heldMb() - heldBefore);
  report('C-23', {
    target: 'sockets, two parties',
    cases,
    beats,
    slowestBeatMs: Math.round(slowestMs),
    uncaught: problems.length,
    failuresLogged: failures.length,
    heldGrowthMb,
  });
  expect(
    failures.map(
      ({ message, fields }) =>
        `${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.stack : value))}`,
    ),
  ).toEqual([]);
  expect(healthy.isClosed).toBe(false);
  expect(heldGrowthMb).toBeLessThan(64);
  // Everything it sent is there, once, and in order. An address that guessed wrong so often waits first.
  const readAll = (): ReturnType<LiveHub['request']> =>
    hub.request('GET', '/iotctl/telemetry?from=earliest&device=healthy', { token: hub.ownerToken() });
  await expect.poll(async () => (await readAll()).status, { interval: 1_000, timeout: 300_000 }).toBe(200);
  const telemetry = await readAll();
  const stored = [...telemetry.text.matchAll(/"b":"beat (\d+)"/g)].map(([, beat]) => Number(beat));
  expect(stored).toEqual(Array.from({ length: number }, (_, index) => index + 1));
});
