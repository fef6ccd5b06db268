// A hub whose devices another hub takes, as a webhook says: three servers and a device, over sockets.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectHub, type Hub } from '../../src/client/index.ts';
import { registerDevice } from '../../src/device/index.ts';
import { startHub, type RunningHub } from '../../src/hub/index.ts';
import { parsePolicyConnectionString } from '../../src/protocol/connection-string.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { realClock } from '../support/real-clock.ts';

const key = Buffer.alloc(32, 5).toString('base64');
let far: RunningHub;
let operator: Hub;
let near: RunningHub;
let directory: string;
const webhook = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    const { linkedHubs, deviceRuntimeContext } = JSON.parse(body) as {
      linkedHubs: string[];
      deviceRuntimeContext: { payload: { wish: number } };
    };
    response.end(JSON.stringify({ iotHubHostName: linkedHubs[deviceRuntimeContext.payload.wish], payload: 'welcome' }));
  });
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-two-hubs-'));
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  const common = {
    ports: { mqtt: 0, http: 0, mqtts: 'off', https: 'off', amqp: 'off', amqps: 'off' },
    clock: realClock,
    pid: process.pid,
    version: 'test',
  } as const;
  far = await startHub({ ...common, dataDir: join(directory, 'far'), hostNames: ['far.hub'] });
  const access = {
    ...parsePolicyConnectionString(far.info.connectionString),
    serviceUrl: `http://127.0.0.1:${far.info.ports.http}`,
  };
  operator = connectHub(
    { ...access, name: 'far', kind: 'local', auth: 'key', source: 'flag' },
    { clock: realClock, random: () => 0 },
  );
  near = await startHub({ ...common, dataDir: join(directory, 'near'), provisioning: { hubs: [access] } });
  await putEnrollment();
});

afterAll(async () => {
  webhook.close();
  await near.close();
  await operator.close();
  await far.close();
  await rm(directory, { recursive: true, force: true });
});

async function putEnrollment(): Promise<void> {
  const { sharedAccessKey, sharedAccessKeyName } = parsePolicyConnectionString(near.info.dps.connectionString);
  const expiresAt = realClock.now() / 1_000 + 60;
  const token = createSasToken({
    resource: 'localhost',
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt,
  });
  const response = await fetch(`http://127.0.0.1:${near.info.ports.http}/enrollments/r1?api-version=2021-10-01`, {
    method: 'PUT',
    headers: { authorization: token },
    body: JSON.stringify({
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
      allocationPolicy: 'custom',
      customAllocationDefinition: {
        webhookUrl: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
        apiVersion: '2021-10-01',
      },
      initialTwin: { tags: { made: true } },
    }),
  });
  expect(response.status).toBe(200);
}

const register = (wish: number) =>
  registerDevice({
    transport: 'mqtt',
    endpoint: { host: '127.0.0.1', port: near.info.ports.mqtt ?? 0, tls: false },
    idScope: near.info.dps.idScope,
    registrationId: 'r1',
    proof: { kind: 'key', key },
    payload: { wish },
    clientVersion: 'test',
    clock: realClock,
    timeoutMs: 20_000,
  });

it('takes a device to the hub that the webhook names, and later from there to another, with its twin', async () => {
  expect(await register(1)).toMatchObject({
    assignedHub: 'far.hub',
    payload: 'welcome',
    substatus: 'initialAssignment',
  });
  expect((await operator.devices.get('r1')).authentication.symmetricKey.primaryKey).toBe(key);
  await operator.twins.patch('r1', { tags: { seen: true } });
  expect(await register(0)).toMatchObject({ assignedHub: 'localhost', substatus: 'deviceDataMigrated' });
  await expect(operator.devices.get('r1')).rejects.toMatchObject({ code: 'device-not-found' });
});
