import { createHash } from 'node:crypto';
import rhea from 'rhea';
import { event } from '../../../support/amqp-front.ts';
import type { Attempt } from './attempt.ts';
import type { LiveHub } from './live-hub.ts';
import type { Spelling } from './spellings.ts';
import { honestToken } from './token-mutants.ts';

/** Registrations, signed addresses, calls, and the endpoints for back ends with a device's key. */
export async function otherCells(hub: LiveHub, spellings: readonly Spelling[]): Promise<readonly Attempt[]> {
  return [
    ...(await registrationCells(hub, spellings)),
    ...(await artifactCells(hub)),
    ...(await uploadCells(hub)),
    ...serviceCells(hub),
    methodCell(hub),
    eventHubKeyCell(hub),
  ];
}

function judge(status: number): 'passed' | 'refused' {
  if (status >= 200 && status < 300) return 'passed';
  if (status >= 400 && status < 500) return 'refused';
  throw new Error(`status ${status}`);
}

async function registrationCells(hub: LiveHub, spellings: readonly Spelling[]): Promise<readonly Attempt[]> {
  const key = Buffer.alloc(32, 7).toString('base64');
  const other = Buffer.alloc(32, 8).toString('base64');
  for (const [registrationId, primaryKey] of [
    ['dev1-r', key],
    ['dev2-r', other],
    ['dev1-r0', other],
  ] as const) {
    const symmetricKey = { primaryKey, secondaryKey: primaryKey };
    const body = { registrationId, attestation: { type: 'symmetricKey', symmetricKey } };
    const answer = await hub.request('PUT', `/enrollments/${registrationId}?api-version=2021-10-01`, {
      token: hub.ownerToken(),
      body,
    });
    if (answer.status >= 300) throw new Error(`enrollment: ${answer.status} ${answer.text}`);
  }
  const { idScope } = hub.info.dps;
  const token = (id: string): string =>
    honestToken({
      resource: `${idScope}/registrations/${id}`,
      expiry: String(Math.floor(hub.clock.now() / 1_000) + 600),
      key,
      keyName: 'registration',
    });
  const cell = (name: string, id: string, tokenId: string, own: boolean, scope = idScope): Attempt => ({
    name: `DPS register: ${name}`,
    own,
    run: async () => {
      const path = `/${scope}/registrations/${encodeURIComponent(id)}/register?api-version=2021-06-01`;
      return judge((await hub.request('PUT', path, { token: token(tokenId), body: { registrationId: id } })).status);
    },
  });
  const ids = spellings
    .map(({ name, deviceId }) => ({ name, id: `${deviceId}-r` }))
    .filter(({ id }) => id !== 'DEV1-r');
  return [
    cell('own', 'dev1-r', 'dev1-r', true),
    cell('another scope', 'dev1-r', 'dev1-r', false, '0ne00000001'),
    ...ids.flatMap(({ name, id }) => [cell(name, id, id, false), cell(`${name}, own token`, id, 'dev1-r', false)]),
  ];
}

async function artifactCells(hub: LiveHub): Promise<readonly Attempt[]> {
  const contents = ['mine', 'theirs'].map((text) => ({
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  const token = hub.ownerToken();
  const urls: string[] = [];
  for (const { text, sha256 } of contents) {
    const put = await hub.request('PUT', `/iotctl/artifacts/${sha256}`, { token, body: text });
    if (put.status >= 300) throw new Error(`artifact: ${put.status} ${put.text}`);
    const body = { expiresAt: hub.clock.now() + 600_000 };
    const signed = await hub.request('POST', `/iotctl/artifacts/${sha256}/sign`, { token, body });
    urls.push(new URL((JSON.parse(signed.text) as { url: string }).url).search);
  }
  const [mine = '', theirs = ''] = contents.map(({ sha256 }) => sha256);
  const [query = ''] = urls;
  const cell = (name: string, path: string, own = false): Attempt => ({
    name: `artifact: ${name}`,
    own,
    run: async () => judge((await raw(hub, path)).status),
  });
  const later = query.replace(/se=\d+/, 'se=99999999999');
  return [
    cell('own', `/iotctl/artifacts/${mine}${query}`, true),
    cell('of another', `/iotctl/artifacts/${theirs}${query}`),
    cell('later expiry', `/iotctl/artifacts/${mine}${later}`),
    cell('two expiries', `/iotctl/artifacts/${mine}${query}&se=99999999999`),
    cell('another case', `/iotctl/artifacts/${mine.toUpperCase()}${query}`),
    cell('percent', `/iotctl/artifacts/%${mine.charCodeAt(0).toString(16)}${mine.slice(1)}${query}`),
    cell('dot dot', `/iotctl/artifacts/${mine}/../${theirs}${query}`),
    cell('no signature', `/iotctl/artifacts/${mine}`),
    cell('empty signature', `/iotctl/artifacts/${mine}?se=99999999999&sig=`),
    cell('prefix', `/iotctl/artifacts/${mine.slice(0, -1)}${query}`),
    {
      name: 'artifact: a device lists them',
      own: false,
      run: async () => judge((await hub.request('GET', '/iotctl/artifacts', { token: hub.token('dev1') })).status),
    },
    {
      name: 'artifact: a device puts one',
      own: false,
      run: async () =>
        judge(
          (await hub.request('PUT', `/iotctl/artifacts/${mine}`, { token: hub.token('dev1'), body: 'mine' })).status,
        ),
    },
    {
      name: 'artifact: a device signs one',
      own: false,
      run: async () =>
        judge(
          (
            await hub.request('POST', `/iotctl/artifacts/${mine}/sign`, {
              token: hub.token('dev1'),
              body: { expiresAt: hub.clock.now() + 1_000 },
            })
          ).status,
        ),
    },
  ];
}

/** Without the api-version that would change a signed address. */
async function raw(hub: LiveHub, path: string): Promise<{ readonly status: number }> {
  const stream = await hub.stream('http');
  stream.write(`GET ${path} HTTP/1.1\r\nhost: localhost:${hub.info.ports.http}\r\nconnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? 0) };
}

async function uploadCells(hub: LiveHub): Promise<readonly Attempt[]> {
  const answer = await hub.request('POST', '/devices/dev1/files', {
    token: hub.token('dev1'),
    body: { blobName: 'log.txt' },
  });
  const { containerName, blobName, sasToken } = JSON.parse(answer.text) as {
    containerName: string;
    blobName: string;
    sasToken: string;
  };
  const cell = (name: string, place: string, query: string, own: boolean, method = 'PUT'): Attempt => ({
    name: `upload: ${name}`,
    own,
    run: async () => {
      const stream = await hub.stream('http');
      const head = `host: localhost\r\nconnection: close\r\nx-ms-blob-type: BlockBlob\r\ncontent-length: 1\r\n`;
      stream.write(`${method} /${place}${query} HTTP/1.1\r\n${head}\r\nx`);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await new Promise<void>((resolve) => stream.once('close', () => resolve()));
      return judge(Number(/^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? 0));
    },
  });
  const own = `${containerName}/${blobName}`;
  return [
    cell('own', own, sasToken, true),
    cell('of another', own.replace('dev1', 'dev2'), sasToken, false),
    cell('of another by dot dot', `${containerName}/dev1/../dev2/log.txt`, sasToken, false),
    cell('encoded dot dot', `${containerName}/dev1/%2e%2e/dev2/log.txt`, sasToken, false),
    cell('longer name', `${own}0`, sasToken, false),
    cell('the container', containerName, `${sasToken}&restype=container&comp=list`, false, 'GET'),
    cell('more rights', own.replace('log', 'other'), sasToken.replace('sp=', 'sp=racwdl'), false),
    cell('as the container', own, sasToken.replace('sr=b', 'sr=c'), false),
    cell('without', own, '', false),
  ];
}

/** What only back ends may, asked with a device's token. */
function serviceCells(hub: LiveHub): readonly Attempt[] {
  const requests: readonly (readonly [string, string, unknown?])[] = [
    ['GET', '/devices?top=10'],
    ['POST', '/devices', [{ id: 'dev2', importMode: 'delete' }]],
    ['POST', '/devices/query', { query: 'SELECT * FROM devices' }],
    ['GET', '/devices/dev1/modules'],
    ['GET', '/statistics/devices'],
    ['POST', '/devices/keys/regenerate', {}],
    ['GET', '/iotctl/telemetry?from=earliest'],
    ['GET', '/iotctl/events?from=earliest'],
    ['GET', '/iotctl/records'],
    ['PUT', '/iotctl/records/rollouts/x/spec', {}],
    ['GET', '/iotctl/audit'],
    ['GET', '/iotctl/status'],
    ['POST', '/iotctl/faults', { kind: 'refuse' }],
    ['GET', '/configurations'],
    ['PUT', '/configurations/x', { id: 'x' }],
    ['PUT', '/jobs/v2/x', { jobId: 'x', type: 'scheduleUpdateTwin' }],
    ['GET', '/jobs/v2/query'],
    ['POST', '/jobs/create', { type: 'export' }],
    ['GET', '/enrollments/dev1-r?api-version=2021-10-01'],
    ['PUT', '/enrollments/dev1-x?api-version=2021-10-01', { registrationId: 'dev1-x' }],
    ['POST', '/enrollments/query?api-version=2021-10-01', { query: '*' }],
    ['GET', '/iotctl/certificates'],
    ['POST', '/iotctl/containers/exports', {}],
    ['GET', '/messages/serviceBound/feedback'],
    ['DELETE', '/devices/dev2/commands'],
  ];
  return requests.map(([method, path, body]) => ({
    name: `service: ${method} ${path}`,
    own: false,
    run: async () => judge((await hub.request(method, path, { token: hub.token('dev1'), body })).status),
  }));
}

/** The attacker answers a call that another device was sent, by its request id. */
function methodCell(hub: LiveHub): Attempt {
  return {
    name: 'answer the call of another',
    own: false,
    run: async () => {
      const victim = await hub.mqtt('callee');
      await victim.next();
      await victim.subscribe('$iothub/methods/POST/#');
      const attacker = await hub.mqtt('dev1');
      await attacker.next();
      const call = hub.request('POST', '/twins/callee/methods', {
        token: hub.ownerToken(),
        body: { methodName: 'open', responseTimeoutInSeconds: 5 },
      });
      const request = await victim.next();
      const rid = request?.cmd === 'publish' ? request.topic.split('$rid=')[1] : undefined;
      for (const id of [rid, '1', '2', '3'])
        attacker.publish(`$iothub/methods/res/200/?$rid=${id}`, '"forged"', { qos: 0 });
      await attacker.roundTrip();
      victim.publish(`$iothub/methods/res/201/?$rid=${rid}`, '"genuine"', { qos: 0 });
      const answer = await call;
      victim.stream.destroy();
      attacker.stream.destroy();
      if (!answer.text.includes('genuine')) return 'passed';
      return 'refused';
    },
  };
}

/** A device's key where a policy's is asked for. */
function eventHubKeyCell(hub: LiveHub): Attempt {
  return {
    name: 'Event Hubs with the key of a device',
    own: false,
    run: async () => {
      const connection = rhea.create_container().connect({
        port: hub.info.ports.amqp ?? 0,
        host: '127.0.0.1',
        reconnect: false,
        username: 'dev1',
        password: hub.keys.get('dev1') ?? '',
      });
      for (const name of ['connection_error', 'error']) connection.on(name, () => undefined);
      const outcome = await Promise.race([
        event(connection, 'connection_open').then(() => 'passed' as const),
        event(connection, 'disconnected').then(() => 'refused' as const),
      ]);
      connection.close();
      return outcome;
    },
  };
}
