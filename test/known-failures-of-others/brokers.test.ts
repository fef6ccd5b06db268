import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { loadPolicies } from '../../src/hub/auth/policies.ts';
import { startHub, type RunningHub } from '../../src/hub/index.ts';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { freePorts } from '../e2e/must-hold/support/hub-box.ts';
import { foreignControls } from '../support/terminal-model.ts';
import { realClock } from '../support/real-clock.ts';
import { known } from './known.ts';
import { closeOf, endedBy, packet, publish, startRawHub, subscribe, text, type RawHub } from './raw-peer.ts';

let hub: RawHub;
beforeAll(async () => {
  hub = await startRawHub();
});
afterAll(() => hub.close());

/** What a crowd of connections may cost: the hub forgets them. */
const enoughMegabytes = 40;

/** Runs something many times and looks at what the hub's memory has grown by. */
async function growthOf(times: number, once_: (index: number) => Promise<unknown>): Promise<number> {
  const before = await hub.memory();
  for (let at = 0; at < times; at += 25)
    await Promise.all(Array.from({ length: Math.min(25, times - at) }, (_, index) => once_(at + index)));
  return (await hub.memory()) - before;
}

const sized = (bytes: Uint8Array): Buffer => packet(0, bytes).subarray(1);

/** A CONNECT of MQTT 5 with these bytes for properties, of itself and of its will. */
function connectFive(properties: Uint8Array, will?: Uint8Array): Buffer {
  const flags = will === undefined ? 0xc2 : 0xc6;
  return packet(
    0x10,
    Buffer.concat([
      text('MQTT'),
      Buffer.from([5, flags, 0, 60]),
      sized(properties),
      text('hostile'),
      ...(will === undefined ? [] : [sized(will), text('devices/hostile/messages/events/'), text('will')]),
      text('user'),
      text('password'),
    ]),
  );
}

/** MQTT 5 is refused in its own words: CONNACK with "unsupported protocol version". */
async function expectFiveRefused(bytes: Buffer): Promise<void> {
  const said = await endedBy(await hub.open(), bytes);
  expect(said === undefined ? 'still open' : [said[0], said[3]]).toEqual([0x20, 0x84]);
}

known('CVE-2017-7650', async () => {
  // Such ids are allowed, as in the cloud; they name one device and are never a pattern.
  for (const id of ['+', '#']) {
    await hub.register(id);
    expect(await endedBy(await hub.accepted(id), publish('devices/honest/messages/events/', 'x'))).toBeDefined();
    const socket = await hub.accepted(id);
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    socket.write(subscribe(`devices/${id}/messages/devicebound/#`));
    socket.write(subscribe('#'));
    expect((await hub.box.run(['send-message', 'honest', 'secret'])).code).toBe(0);
    expect(Buffer.concat(heard).includes('secret')).toBe(false);
    socket.destroy();
  }
  await hub.box.run(['message', 'purge', 'honest', '--yes']);
  await hub.isWell();
});

known('CVE-2017-7651', async () => {
  const growth = await growthOf(100, async () => {
    const claim = Buffer.concat([Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(65_536, 1)]);
    expect(await endedBy(await hub.open(), claim)).toBeDefined();
  });
  expect(growth).toBeLessThan(enoughMegabytes);
  await hub.isWell();
});

known('CVE-2017-7653', async () => {
  const honest = await hub.accepted('honest');
  const invalid = Buffer.concat([Buffer.from('devices/hostile/messages/events/'), Buffer.from([0xff, 0xfe])]);
  expect(await endedBy(await hub.accepted('hostile'), publish(invalid, 'x'))).toBeDefined();
  honest.write(publish('devices/honest/messages/events/', 'still here'));
  expect(((await once(honest, 'data')) as [Buffer])[0][0]).toBe(0x40);
  honest.destroy();
});

known('CVE-2017-7654', async () => {
  const growth = await growthOf(300, async (index) => {
    const will = {
      topic: 'devices/hostile/messages/events/',
      payload: Buffer.alloc(8_000, 1),
      qos: 1 as const,
      retain: false,
    };
    await endedBy(await hub.open(), hub.connectBytes(`stranger-${index}`, { will }));
  });
  expect(growth).toBeLessThan(enoughMegabytes);
});

known('CVE-2018-12543', async () => {
  for (const topic of ['$', '$evil', '$SYS/broker', '$iothub/evil'])
    expect([topic, await endedBy(await hub.accepted('hostile'), publish(topic, 'x'))]).not.toEqual([topic, undefined]);
  await hub.isWell();
});

known('CVE-2019-11778', () =>
  expectFiveRefused(connectFive(Buffer.from([0x11, 0, 0, 0, 1]), Buffer.from([0x18, 0, 0, 0, 9]))),
);

known('CVE-2019-11779', async () => {
  const socket = await hub.accepted('hostile');
  await endedBy(socket, subscribe('/'.repeat(65_400)), 1_500);
  await hub.isWell();
});

known('CVE-2021-28166', async () => {
  expect(await endedBy(await hub.accepted('hostile'), Buffer.from([0x20, 2, 0, 0]))).toBeDefined();
  await hub.isWell();
});

known('CVE-2021-34431', async () => {
  const twice = Buffer.from([0x21, 0, 1, 0x21, 0, 1, 0x15, 0, 1, 0x61]);
  expect(await growthOf(300, async () => endedBy(await hub.open(), connectFive(twice)))).toBeLessThan(enoughMegabytes);
  await expectFiveRefused(connectFive(twice));
});

known('CVE-2021-34432', async () => {
  expect(await endedBy(await hub.accepted('hostile'), publish('', 'x'))).toBeDefined();
  await hub.isWell();
});

known('CVE-2021-41039', async () => {
  const property = Buffer.concat([Buffer.from([0x26]), text('a'), text('b')]);
  const many = Buffer.concat(Array.from({ length: 2_000 }, () => property));
  const before = await hub.processorTime();
  for (let count = 0; count < 40; count++) await endedBy(await hub.open(), connectFive(many));
  expect((await hub.processorTime()) - before).toBeLessThan(3);
  await hub.isWell();
});

known('CVE-2023-0809', async () => {
  const growth = await growthOf(100, async (index) => {
    const first = [0x30, 0x82, 0xc0, 0xe0][index % 4] ?? 0x30;
    const bytes = Buffer.concat([Buffer.from([first, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(65_536, 1)]);
    expect(await endedBy(await hub.open(), bytes)).toBeDefined();
  });
  expect(growth).toBeLessThan(enoughMegabytes);
});

known('CVE-2023-28366', async () => {
  const growth = await growthOf(25, async () => {
    const many = Buffer.concat(
      Array.from({ length: 2_000 }, () => publish('devices/hostile/messages/events/', 'x'.repeat(100), 2)),
    );
    await endedBy(await hub.accepted('hostile'), many);
  });
  expect(growth).toBeLessThan(enoughMegabytes);
  await hub.isWell();
});

known('CVE-2023-3592', async () => {
  const invalid = Buffer.from([0x01, 9, 0x7f, 1, 2]);
  const growth = await growthOf(300, async () => endedBy(await hub.open(), connectFive(Buffer.alloc(0), invalid)));
  expect(growth).toBeLessThan(enoughMegabytes);
});

known('CVE-2023-5632', async () => {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => hub.open()));
  const before = await hub.processorTime();
  await wait(1_000);
  expect((await hub.processorTime()) - before).toBeLessThan(0.5);
  for (const socket of sockets) socket.destroy();
});

known('CVE-2024-8376', async () => {
  const events = 'devices/hostile/messages/events/';
  const steps = [
    hub.connectBytes('hostile'),
    Buffer.from([0xe0, 0]),
    subscribe('devices/hostile/messages/devicebound/#'),
    packet(0xa2, Buffer.concat([Buffer.from([0, 3]), text('devices/hostile/messages/devicebound/#')])),
    publish(events, 'x'),
  ];
  const growth = await growthOf(100, async (index) => {
    const order = steps.toSorted((a, b) => ((a.length * (index + 7)) % 11) - ((b.length * (index + 3)) % 11));
    await endedBy(await hub.open(), Buffer.concat(index % 2 === 0 ? steps : order), 1_500);
  });
  expect(growth).toBeLessThan(enoughMegabytes);
  await hub.isWell();
});

known('CVE-2021-33175', async () => {
  const growth = await growthOf(200, async () =>
    endedBy(
      await hub.open(),
      hub.connectBytes('hostile', { username: 'u'.repeat(60_000), password: Buffer.alloc(60_000, 0x70) }),
    ),
  );
  expect(growth).toBeLessThan(enoughMegabytes);
  await hub.isWell();
});

known('CVE-2021-33176', async () => {
  const growth = await growthOf(50, async (index) => {
    const deep = Array.from({ length: 8_000 }, (_, level) => `${index}${level % 10}`).join('/');
    await endedBy(await hub.accepted('hostile'), publish(`devices/hostile/messages/events/${deep}`, 'x'), 1_500);
  });
  expect(growth).toBeLessThan(enoughMegabytes);
  await hub.isWell();
});

const frame = (body: readonly number[]): Buffer => {
  const bytes = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0, ...body]);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
};

known('CVE-2021-22116', async () => {
  const header = Buffer.from('AMQP\0\x01\0\0', 'latin1');
  const before = await hub.processorTime();
  for (const bytes of [
    frame([0, 0x53, 0x10, 0xf0, 0, 0, 0, 20, 0xff, 0xff, 0xff, 0xff, 0x40]),
    frame([0, 0x53, 0x10, 0xc0, 0xff, 0xff]),
    frame([0, 0x53, 0x10, 0xd0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]),
    frame([0, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([0, 0, 0, 8, 0, 0, 0, 0]),
    Buffer.from([0x7f, 0xff, 0xff, 0xff, 2, 0, 0, 0]),
  ])
    expect(await endedBy(await hub.open(hub.info.ports.amqp), Buffer.concat([header, bytes]))).toBeDefined();
  expect((await hub.processorTime()) - before).toBeLessThan(3);
  await hub.isWell();
});

known('CVE-2023-46118', async () => {
  const { authorization } = owner();
  const growth = await growthOf(5, async () => {
    const socket = await hub.open(hub.info.ports.http);
    const head = `POST /devices?api-version=2021-04-12 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 500000000\r\n\r\n[`;
    const said = await endedBy(socket, Buffer.concat([Buffer.from(head), Buffer.alloc(1_000_000, 0x20)]));
    expect(said?.toString('latin1').split('\r\n')[0]).toContain('413');
  });
  expect(growth).toBeLessThan(enoughMegabytes);
});

known('GHSA-xxqp-5qx8-gj5q', async () => {
  for (const levels of [101, 151, 1_000]) {
    await endedBy(await hub.accepted('hostile'), subscribe(Array.from({ length: levels }, () => 'a').join('/')), 500);
    await endedBy(
      await hub.accepted('hostile'),
      publish(Array.from({ length: levels }, () => 'a').join('/'), 'x'),
      500,
    );
  }
  await hub.isWell();
});

known('aedes#1086', async () => {
  const before = await hub.memory();
  const half = hub.connectBytes('hostile', { username: 'u'.repeat(3_000) }).subarray(0, -1);
  const sockets = await Promise.all(Array.from({ length: 200 }, () => hub.open()));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write(half, resolve))));
  expect((await hub.memory()) - before).toBeLessThan(enoughMegabytes);
  for (const socket of sockets) socket.destroy();
  await hub.isWell();
});

known('aedes: drainTimeout', async () => {
  const { authorization } = owner();
  const { http } = hub.info.ports;
  const reader = request({
    host: '127.0.0.1',
    port: http ?? 0,
    path: '/iotctl/telemetry?follow=true',
    headers: { authorization },
  });
  reader.on('error', () => undefined).end();
  const frozen = once(reader, 'response').then(([response]) => (response as { pause(): void }).pause());
  await Promise.race([frozen, wait(2_000)]);
  const device = await hub.device('busy');
  const body = 'x'.repeat(4_000);
  for (let lot = 0; lot < 4; lot++)
    await Promise.all(Array.from({ length: 500 }, (_, n) => device.sendTelemetry({ n, body })));
  reader.destroy();
  await hub.isWell();
});

known('nanomq#1720', async () => {
  for (const bytes of [
    [0x10, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [0x30, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  ]) {
    expect(await endedBy(await hub.open(), Buffer.from(bytes))).toBeDefined();
    expect(await endedBy(await hub.accepted('hostile'), Buffer.from(bytes))).toBeDefined();
  }
  await hub.isWell();
});

known('nanomq#2268', async () => {
  const filter = 'devices/hostile/messages/devicebound/#';
  const truncated = packet(0x82, Buffer.concat([Buffer.from([0, 9]), text(filter)]));
  expect(await endedBy(await hub.accepted('hostile'), truncated)).toBeDefined();
  await hub.isWell();
});

known('nanomq#2270', async () => {
  for (const rest of [[], [0]]) {
    const truncated = packet(0x32, Buffer.concat([text('devices/hostile/messages/events/'), Buffer.from(rest)]));
    expect(await endedBy(await hub.accepted('hostile'), truncated)).toBeDefined();
  }
  await hub.isWell();
});

known('CVE-2009-4487', async () => {
  const evil = 'mark\u001b]0;title\u0007\u009b2J\r\n{"level":60}';
  for (const id of [evil, `hostile${evil}`]) await endedBy(await hub.open(), hub.connectBytes(id, { username: evil }));
  const socket = await hub.open(hub.info.ports.http);
  await endedBy(
    socket,
    Buffer.from(
      `GET /${evil.replaceAll(/[\r\n]/g, '')} HTTP/1.1\r\nUser-Agent: ${evil.split('\r')[0]}\r\n\r\n`,
      'latin1',
    ),
  );
  const log = await readFile(join(hub.box.directory, 'data/hub/hub.log'), 'utf8');
  expect(log.length).toBeGreaterThan(10);
  expect(foreignControls(log)).toBe('');
  const entries = log.split('\n').filter((line) => line.startsWith('{'));
  for (const line of entries) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
});

known('CVE-2018-5702', async () => {
  for (const path of ['/iotctl/status', '/devices', '/iotctl/faults', '/iotctl/audit']) {
    const asked = request({
      host: '127.0.0.1',
      port: hub.info.ports.http ?? 0,
      path: `${path}?api-version=2021-04-12`,
      headers: { host: 'evil.example', origin: 'http://evil.example', cookie: 'a=b' },
    });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [{ statusCode?: number; headers: object; resume(): void }];
    answer.resume();
    // 421 is for requests that are meant for somebody else.
    expect([401, 421, 429], path).toContain(answer.statusCode);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  }
});

known('CVE-2019-10744', async () => {
  for (const body of [
    '{"properties":{"desired":{"__proto__":{"polluted":1}}}}',
    '{"tags":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"__proto__":{"polluted":1},"tags":{"a":1}}',
  ]) {
    const { authorization } = owner();
    await fetch(`http://127.0.0.1:${hub.info.ports.http}/twins/hostile?api-version=2021-04-12`, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
  }
  const other = (await (await hub.request('GET', '/twins/honest')).json()) as Record<string, unknown>;
  expect(JSON.stringify(other)).not.toContain('polluted');
  expect(JSON.stringify(await (await hub.request('GET', '/devices/honest')).json())).not.toContain('polluted');
  await hub.isWell();
});

known('CVE-2020-36518', async () => {
  const { authorization } = owner();
  const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`;
  for (const [method, path, body] of [
    ['PATCH', '/twins/hostile', `{"tags":${deep}}`],
    ['POST', '/devices/query', `{"query":${deep}}`],
    ['PUT', '/iotctl/records/x', deep],
  ] as const) {
    const url = `http://127.0.0.1:${hub.info.ports.http}${path}?api-version=2021-04-12`;
    const answer = await fetch(url, { method, headers: { authorization, 'content-type': 'application/json' }, body });
    expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
  }
  await hub.isWell();
});

known('CVE-2015-9235', async () => {
  const { authorization } = owner();
  for (const token of [
    authorization.replace(/sig=[^&]*/, 'sig='),
    authorization.replace(/&?sig=[^&]*/, ''),
    authorization.replace(/sig=[^&]*/, 'sig=bm9uZQ%3d%3d'),
    'SharedAccessSignature alg=none',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ])
    expect([401, 429], token.slice(0, 40)).toContain(
      (await hub.request('GET', '/devices', { authorization: token })).status,
    );
});

known('CVE-2018-12546', async () => {
  await hub.register('revoked');
  const live = await hub.accepted('revoked');
  const heard: Buffer[] = [];
  live.on('data', (chunk: Buffer) => heard.push(chunk));
  live.write(subscribe('devices/revoked/messages/devicebound/#'));
  const closed = closeOf(live);
  expect((await hub.box.run(['device', 'disable', 'revoked'])).code).toBe(0);
  await closed;
  await hub.box.run(['send-message', 'revoked', 'secret']);
  expect(Buffer.concat(heard).includes('secret')).toBe(false);
});

known('CVE-2021-34434', async () => {
  await hub.register('durable');
  const socket = await hub.open();
  socket.write(hub.connectBytes('durable', { clean: false }));
  await once(socket, 'data');
  socket.write(subscribe('devices/durable/messages/devicebound/#'));
  await once(socket, 'data');
  socket.destroy();
  expect((await hub.box.run(['device', 'disable', 'durable'])).code).toBe(0);
  await hub.box.run(['send-message', 'durable', 'secret']);
  const said = await endedBy(await hub.open(), hub.connectBytes('durable', { clean: false }));
  expect(said?.[3]).not.toBe(0);
  expect(said?.includes('secret')).toBe(false);
});

function owner(): { readonly authorization: string } {
  const { sharedAccessKeyName: keyName = '', sharedAccessKey: key = '' } = parseConnectionString(
    hub.info.connectionString,
  );
  const expiresAt = Math.floor(Date.now() / 1_000) + 600;
  return { authorization: createSasToken({ resource: hub.info.hostName, key, keyName, expiresAt }) };
}

/** A hub on a directory whose stored policies are what the test says; undefined when it does not start. */
async function startWithPolicies(
  change: (value: unknown) => string,
): Promise<{ readonly status: number | 'refused to start' }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'iotctl-known-'));
  const ports = { mqtt: 0, mqtts: 0, amqp: 0, amqps: 0, http: 0, https: 0 } as const;
  const start = (): Promise<RunningHub> =>
    startHub({ dataDir, ports, clock: realClock, pid: process.pid, version: '1.2.3' });
  try {
    const first = await start();
    const { sharedAccessKeyName: keyName = '', sharedAccessKey: key = '' } = parseConnectionString(
      first.info.connectionString,
    );
    await first.close();
    const database = new DatabaseSync(join(dataDir, 'registry.db'));
    const stored = database.prepare("SELECT value FROM settings WHERE name = 'accessPolicies'").get()?.['value'];
    database
      .prepare("UPDATE settings SET value = ? WHERE name = 'accessPolicies'")
      .run(change(JSON.parse(String(stored))));
    database.close();
    const second = await start().catch(() => undefined);
    if (second === undefined) return { status: 'refused to start' };
    const token = createSasToken({
      resource: 'localhost',
      key,
      keyName,
      expiresAt: Math.floor(Date.now() / 1_000) + 600,
    });
    const headers = { authorization: token };
    const answer = await fetch(`http://127.0.0.1:${second.info.ports.http}/devices?api-version=2021-04-12`, {
      headers,
    });
    await second.close();
    return { status: answer.status };
  } finally {
    await rm(dataDir, { recursive: true });
  }
}

known('CVE-2017-7652', async () => {
  expect(await startWithPolicies(() => '"unreadable"')).toEqual({ status: 'refused to start' });
});

known('CVE-2018-12550', async () => {
  expect(await startWithPolicies((value) => JSON.stringify(value))).toEqual({ status: 200 });
  // Either it is seen that they were taken away, or they are made anew with keys that nobody has.
  expect([401, 'refused to start']).toContain((await startWithPolicies(() => '[]')).status);
  const made = await loadPolicies({ readSetting: async () => [], writeSetting: async () => undefined });
  for (const { primaryKey, secondaryKey } of made) expect(primaryKey.length + secondaryKey.length).toBe(88);
});

const without = (value: unknown): string =>
  JSON.stringify((value as object[]).map((each) => ({ ...each, primaryKey: undefined })));

known('CVE-2018-12551', async () => {
  expect(await startWithPolicies(without)).toEqual({ status: 'refused to start' });
  const damaged = [{ name: 'iothubowner', permissions: ['RegistryWrite'], primaryKey: 'a' }];
  await expect(
    loadPolicies({ readSetting: async () => damaged, writeSetting: async () => undefined }),
  ).rejects.toThrow();
});

// The last one, because it ends the hub that the others use.
known('mosquitto: autosave_interval', async () => {
  const socket = await hub.accepted('honest');
  for (let n = 0; n < 50; n++) {
    socket.write(publish('devices/honest/messages/events/', `message ${n}`));
    await once(socket, 'data');
  }
  const closed = closeOf(socket);
  process.kill(hub.info.pid, 'SIGKILL');
  await closed;
  expect((await hub.box.run(['hub', 'start', '--detach', ...freePorts])).code).toBe(0);
  const { stdout } = await hub.box.run([
    'tail',
    'telemetry',
    'honest',
    '--since',
    '1h',
    '--timeout',
    '3s',
    '-o',
    'raw',
  ]);
  const kept = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith('message '));
  expect(kept).toEqual(Array.from({ length: 50 }, (_, n) => `message ${n}`));
});
