/** C-33: what was taken back works no more from the moment that the back end has its answer, on every protocol. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putToken } from '../../support/amqp-front.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { connectBackEnd, type BackEnd } from './support/back-end.ts';
import { startLiveHub, type LiveHub } from './support/live-hub.ts';
import { openLinks, openSession, routes, type Route } from './support/sessions.ts';
import { honestToken } from './support/token-mutants.ts';

const mostMs = 1_000;
/** The others of five speak the same behind another carrier. */
const tried: readonly Route[] = atScale({ smoke: ['mqtt', 'amqp', 'mqtt-ws'], full: routes });
/** How long something may still come in that was sent after the revocation. */
const lateMs = 150;

let hub: LiveHub;
let backEnd: BackEnd;
beforeAll(async () => {
  hub = await startLiveHub();
  backEnd = await connectBackEnd(hub);
});
afterAll(async () => {
  backEnd.close();
  await hub.close();
});

const changes = {
  disable: (deviceId: string) => backEnd.disable(deviceId),
  delete: (deviceId: string) => backEnd.remove(deviceId),
  'regenerate keys': (deviceId: string) => backEnd.regenerateKeys(deviceId),
  'replace keys': (deviceId: string) => backEnd.replaceKeys(deviceId),
} as const;
const cutMs: number[] = [];

async function revoke(route: Route, change: keyof typeof changes, deviceId: string): Promise<void> {
  await hub.make(deviceId);
  const token = hub.token(deviceId);
  const session = await openSession(hub, route, deviceId, token);
  if (session === undefined) throw new Error('an honest device is refused');
  expect(await backEnd.send(deviceId, 'before')).toBe('accepted');
  await expect.poll(() => session.received, { timeout: 5_000 }).toContain('before');
  const before = session.received.length;

  const answer = await changes[change](deviceId);
  const acknowledged = performance.now();
  expect(answer.status).toBeLessThan(300);
  // Whatever the back end does now is not for who held the session.
  const after = [backEnd.send(deviceId, 'after'), backEnd.setDesired(deviceId, 2), backEnd.call(deviceId)];
  const over = await session.over;
  await Promise.allSettled(after);
  await new Promise((resolve) => setTimeout(resolve, lateMs));
  expect(session.received.slice(before)).toEqual([]);
  cutMs.push(Math.max(over - acknowledged, 0));
  expect(over - acknowledged).toBeLessThan(mostMs);

  for (const each of tried) expect(await openSession(hub, each, deviceId, token)).toBeUndefined();
  const events = { token, body: 'replayed' };
  expect((await hub.request('POST', `/devices/${deviceId}/messages/events`, events)).status).toBeGreaterThanOrEqual(
    400,
  );
  expect(
    (await hub.request('GET', `/devices/${deviceId}/messages/deviceBound`, { token })).status,
  ).toBeGreaterThanOrEqual(400);
}

describe('C-33', () => {
  it('a live session is cut, and its token opens nothing any more', async () => {
    await Promise.all(
      tried.flatMap((route) =>
        (Object.keys(changes) as (keyof typeof changes)[]).map((change, index) =>
          revoke(route, change, `${route}-${index}`),
        ),
      ),
    );
    const sorted = cutMs.toSorted((a, b) => a - b);
    report('C-33', {
      sessions: cutMs.length,
      medianMsAfterAnswer: Math.round(sorted[sorted.length >> 1] ?? 0),
      slowestMsAfterAnswer: Math.round(sorted.at(-1) ?? 0),
      deliveredAfter: 0,
    });
  });

  it('a device that is made anew under the same id inherits neither messages nor subscriptions', async () => {
    await hub.make('reborn');
    const first = await hub.mqtt('reborn', { clean: false });
    await first.next();
    await first.subscribe('devices/reborn/messages/devicebound/#');
    first.stream.destroy();
    await expect
      .poll(() => hub.request('GET', '/devices/reborn', { token: hub.ownerToken() }))
      .toMatchObject({ text: expect.stringContaining('"Disconnected"') as string });
    expect(await backEnd.send('reborn', 'for the old one')).toBe('accepted');
    await backEnd.remove('reborn');
    await hub.make('reborn');
    const second = await hub.mqtt('reborn', { clean: false });
    expect(await second.next()).toMatchObject({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    await second.subscribe('devices/reborn/messages/devicebound/#');
    expect(await backEnd.send('reborn', 'for the new one')).toBe('accepted');
    await expect
      .poll(() =>
        second.packets
          .filter(({ cmd }) => cmd === 'publish')
          .map((packet) => 'payload' in packet && String(packet.payload)),
      )
      .toEqual(['for the new one']);
    second.stream.destroy();
  });

  it('a token that was put before the revocation opens no link after it, not for a moment', async () => {
    const rounds = atScale({ smoke: 4, full: 100 });
    const delivered: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const deviceId = `late-${round}`;
      await hub.make(deviceId);
      expect(await backEnd.send(deviceId, 'secret')).toBe('accepted');
      const connection = hub.amqp();
      expect(await putToken(connection, hub.token(deviceId))).toMatchObject({ status: 200 });
      await (round % 2 === 0 ? backEnd.disable(deviceId) : backEnd.regenerateKeys(deviceId));
      const telemetry = connection.open_sender(`/devices/${deviceId}/messages/events`);
      telemetry.on('sender_error', () => undefined);
      telemetry.on('sendable', () => telemetry.send({ body: Buffer.from('too late') }));
      const session = await openLinks(connection, deviceId);
      await session.over;
      delivered.push(...session.received);
      session.destroy();
    }
    const stored = await hub.request('GET', '/iotctl/telemetry?from=earliest&device=late-*', {
      token: hub.ownerToken(),
    });
    const taken = stored.text.split('too late').length - 1;
    report('C-33', { tokensPutBefore: rounds, delivered: delivered.length, taken });
    expect(delivered).toEqual([]);
    expect(taken).toBe(0);
  });

  it('a device that connects in the very moment of the revocation is not let stay', async () => {
    const rounds = atScale({ smoke: 8, full: 300 });
    let came = 0;
    for (let round = 0; round < rounds; round++) {
      const deviceId = `race-${round}`;
      await hub.make(deviceId);
      const connecting = openSession(hub, round % 2 === 0 ? 'mqtt' : 'amqp', deviceId);
      if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      const answer = await changes[round % 4 < 2 ? 'disable' : 'regenerate keys'](deviceId);
      const acknowledged = performance.now();
      expect(answer.status).toBeLessThan(300);
      const session = await connecting;
      if (session === undefined) continue;
      came++;
      expect((await session.over) - acknowledged).toBeLessThan(mostMs);
    }
    report('C-33', { races: rounds, cameIn: came });
  });

  it('an enrollment that is taken back gives no more answers, not even on a connection that it opened', async () => {
    const key = Buffer.alloc(32, 9).toString('base64');
    const path = '/enrollments/r1?api-version=2021-10-01';
    const enrollment = {
      registrationId: 'r1',
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
    };
    const token = hub.ownerToken();
    for (const [name, revoked] of [
      [
        'disabled',
        () =>
          hub.request('PUT', path, {
            token,
            body: { ...enrollment, provisioningStatus: 'disabled' },
            headers: { 'if-match': '*' },
          }),
      ],
      ['deleted', () => hub.request('DELETE', path, { token, headers: { 'if-match': '*' } })],
    ] as const) {
      const enabled = { ...enrollment, provisioningStatus: 'enabled' };
      const made = await hub.request('PUT', path, {
        token,
        body: enabled,
        ...(name === 'deleted' && { headers: { 'if-match': '*' } }),
      });
      expect(made.status, made.text).toBeLessThan(300);
      const { idScope } = hub.info.dps;
      const sas = honestToken({
        resource: `${idScope}/registrations/r1`,
        expiry: String(Math.floor(Date.now() / 1_000) + 600),
        key,
        keyName: 'registration',
      });
      const register = () =>
        hub.request('PUT', `/${idScope}/registrations/r1/register?api-version=2021-06-01`, {
          token: sas,
          body: { registrationId: 'r1' },
        });
      expect((await register()).status).toBe(202);
      const peer = await hub.mqtt('r1', { token: sas, username: `${idScope}/registrations/r1/api-version=2019-03-31` });
      expect(await peer.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
      await peer.subscribe('$dps/registrations/res/#');
      expect((await revoked()).status).toBeLessThan(300);
      expect((await register()).status, name).toBe(401);
      peer.publish('$dps/registrations/PUT/iotdps-register/?$rid=1', '{"registrationId":"r1"}');
      expect(await peer.next()).toMatchObject({
        cmd: 'publish',
        topic: expect.stringContaining('/res/401/') as string,
      });
      peer.stream.destroy();
    }
  });

  it('the will of a device whose key was taken away is not its word any more', async () => {
    await hub.make('testator');
    const will = {
      topic: 'devices/testator/messages/events/',
      payload: Buffer.from('last-words'),
      qos: 1 as const,
      retain: false,
    };
    const peer = await hub.mqtt('testator', { will });
    await peer.next();
    await backEnd.regenerateKeys('testator');
    await peer.closed;
    await new Promise((resolve) => setTimeout(resolve, lateMs));
    const telemetry = await hub.request('GET', '/iotctl/telemetry?from=earliest&device=testator', {
      token: hub.ownerToken(),
    });
    expect(telemetry.text).not.toContain('last-words');
    expect(telemetry.status).toBe(200);
  });
});
