/** C-07: the wall clock of a hub is set while devices are connected. Timers go by another clock, numbers by none. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectDevice, parseEndpoint, type DeviceConnection } from '../../../src/device/index.ts';
import { startHub, type HubInfo, type RunningHub } from '../../../src/hub/index.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { realClock } from '../../support/real-clock.ts';
import { deviceIdOf, deviceKey, registerDevices } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { requestHub } from '../support/hub-process.ts';

const minute = 60_000;
const hour = 60 * minute;
const devices = 5;

const allSteps: readonly (readonly [name: string, to: (now: number) => number])[] = [
  ['an hour back', (now) => now - hour],
  ['a year on', (now) => now + 365 * 24 * hour],
  ['four minutes back', (now) => now - 4 * minute],
  ['1970', () => 1_000],
  ['a second after 2038-01-19T03:14:07Z', () => 2 ** 31 * 1_000 + 1_000],
  ['an hour on, as a wrong summer time', (now) => now + hour],
];

const steps = atScale({ smoke: allSteps.slice(0, 2), full: allSteps });

let directory: string;
let hub: RunningHub;
let offset: number;
let secret: string;
let connections: DeviceConnection[];
const now = (): number => Date.now() + offset;
/** Only the wall clock of the hub is another; its timers and those of the devices are not. */
const steppedClock = { ...realClock, now };

beforeEach(async () => {
  offset = 0;
  connections = [];
  secret = randomBytes(16).toString('hex');
  directory = await mkdtemp(join(tmpdir(), 'iotctl-c07-'));
  hub = await startHub({
    dataDir: join(directory, 'hub'),
    ports: { mqtt: 0, http: 0, mqtts: 'off', amqp: 'off', amqps: 'off', https: 'off' },
    clock: steppedClock,
    pid: process.pid,
    version: '0.0.0',
  });
  await registerDevices(ask, secret, devices);
});

afterEach(async () => {
  for (const connection of connections) await connection.close();
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const ask = {
  request: (method: string, path: string, body?: unknown): Promise<Response> => requestHub(info(), method, path, body),
};

function info(): HubInfo {
  return hub.info;
}

async function connect(index: number): Promise<DeviceConnection> {
  const deviceId = deviceIdOf(index);
  const connection = await connectDevice({
    credentials: { hostName: info().hostName, deviceId, sharedAccessKey: deviceKey(secret, deviceId) },
    endpoint: parseEndpoint(`mqtt://127.0.0.1:${info().ports.mqtt}`),
    clock: realClock,
    random: () => 0,
    limits: { answerTimeoutMs: 5_000 },
  });
  connections.push(connection);
  return connection;
}

async function sendByHttp(index: number, expiresAt: number): Promise<number> {
  const deviceId = deviceIdOf(index);
  const key = deviceKey(secret, deviceId);
  const token = createSasToken({ resource: `${info().hostName}/devices/${deviceId}`, key, expiresAt });
  const answer = await fetch(
    `http://127.0.0.1:${info().ports.http}/devices/${deviceId}/messages/events?api-version=2021-04-12`,
    { method: 'POST', headers: { authorization: token }, body: '"http"' },
  );
  await answer.body?.cancel();
  return answer.status;
}

test.each(steps)('C-07 the clock is set to %s: nobody is cut off, and what comes keeps its order', async (name, to) => {
  const links = await Promise.all(Array.from({ length: devices }, (_, index) => connect(index)));
  let cuts = 0;
  for (const link of links) link.onState((state) => (cuts += state.kind === 'connected' ? 0 : 1));
  for (const [index, link] of links.entries()) await link.sendTelemetry({ n: 1, index });
  offset = to(Date.now()) - Date.now();
  for (const [index, link] of links.entries()) await link.sendTelemetry({ n: 2, index });
  await delay(300);
  for (const [index, link] of links.entries()) await link.sendTelemetry({ n: 3, index });
  // A token that ended longer ago than the skew lets nobody in, also when the clock was set back to before its end.
  const seconds = Math.floor(Math.max(now(), Date.now()) / 1_000);
  const expired = await sendByHttp(0, seconds - 6 * 60);
  const fresh = await sendByHttp(0, seconds + 600);
  offset = 0;
  for (const [index, link] of links.entries()) await link.sendTelemetry({ n: 4, index });
  const order = new Map<string, number[]>();
  const lastNumber = new Map<number, number>();
  let numberBreaks = 0;
  for await (const { deviceId, partition, sequenceNumber, body = '' } of readStored(ask)) {
    if (sequenceNumber <= (lastNumber.get(partition) ?? -1)) numberBreaks++;
    lastNumber.set(partition, sequenceNumber);
    const { n } = JSON.parse(body === '"http"' ? '{}' : body) as { n?: number };
    if (n !== undefined) order.set(deviceId, [...(order.get(deviceId) ?? []), n]);
  }
  const orderBreaks = [...order.values()].filter((numbers) => numbers.join() !== '1,2,3,4').length;
  report('C-07', { step: name, devices, cuts, expired, fresh, orderBreaks, numberBreaks });
  expect({ cuts, expired, fresh, orderBreaks, numberBreaks, devices: order.size }).toEqual({
    cuts: 0,
    expired: 401,
    fresh: 204,
    orderBreaks: 0,
    numberBreaks: 0,
    devices,
  });
});
