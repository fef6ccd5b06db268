/** C-34: who tries keys is slowed down, and nobody else: not the device from elsewhere, not its neighbours, and not for long. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/hub/limits/index.ts';
import { createHeldMb } from '../support/held-memory.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { event, putToken } from '../../support/amqp-front.ts';
import { startLiveHub, type LiveHub } from './support/live-hub.ts';
import { honestToken } from './support/token-mutants.ts';

const { guesses, guessMs } = defaultLimits.credentials;
const attacker = '127.0.0.2';
const elsewhere = '127.0.0.3';

let hub: LiveHub;
beforeAll(async () => {
  hub = await startLiveHub();
  await hub.make('victim', 'neighbour');
});
afterAll(() => hub.close());

function guess(deviceId = 'victim'): string {
  const key = randomBytes(32).toString('base64');
  const expiry = String(Math.floor(hub.clock.now() / 1_000) + 600);
  return honestToken({ resource: `localhost/devices/${deviceId}`, expiry, key });
}

const overHttp = async (token: string, from: string, deviceId = 'victim'): Promise<number> =>
  (await hub.request('POST', `/devices/${deviceId}/messages/events`, { token, body: 'x', from })).status;

async function overMqtt(token: string, from: string): Promise<number | undefined> {
  const peer = await hub.mqtt('victim', { token, from });
  const answer = await peer.next();
  peer.stream.destroy();
  return answer?.cmd === 'connack' ? answer.returnCode : undefined;
}

describe('C-34', () => {
  it('tries run into a limit that all protocols share, and the right key opens from elsewhere', async () => {
    const tries = atScale({ smoke: 60, full: 5_000 });
    const statuses = new Map<number, number>();
    for (let attempt = 0; attempt < tries; attempt++) {
      const status = await overHttp(guess(), attacker);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    const looked = statuses.get(401) ?? 0;
    expect(new Set(statuses.keys())).toEqual(new Set([401, 429]));
    // What time gives back meanwhile is little.
    expect(looked).toBeGreaterThanOrEqual(guesses);
    report('C-34', { tries, lookedAt: looked, refusedUnread: statuses.get(429) ?? 0 });
    expect(looked).toBeLessThan(guesses + 5 + tries / 20);
    const good = hub.token('victim');
    expect(await overMqtt(guess(), attacker)).toBe(3);
    expect(await overMqtt(good, attacker)).toBe(3);
    expect(await overMqtt(good, elsewhere)).toBe(0);
    expect(await overHttp(good, elsewhere)).toBe(204);
    expect(await overHttp(hub.token('neighbour'), attacker, 'neighbour')).toBe(204);
  });

  it('the answer says when to come again, and then the right key opens from there too, however often it was tried', async () => {
    const answer = await hub.request('POST', '/devices/victim/messages/events', {
      token: guess(),
      body: 'x',
      from: attacker,
    });
    expect(answer.status).toBe(429);
    const seconds = Number(/retry-after: (\d+)/i.exec(answer.headers)?.[1]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds * 1_000).toBeLessThanOrEqual(guessMs);
    hub.clock.ahead(seconds * 1_000);
    expect(await overHttp(hub.token('victim'), attacker)).toBe(204);
  });

  it('a session that lasts is not touched by tries for its device', async () => {
    const peer = await hub.mqtt('victim', { from: elsewhere });
    await peer.next();
    for (let attempt = 0; attempt < guesses * 2; attempt++) await overHttp(guess(), elsewhere);
    await peer.roundTrip();
    expect(peer.isClosed).toBe(false);
    peer.stream.destroy();
  });

  it('over AMQP the tries of one connection and of many count alike', async () => {
    await hub.make('amqp-victim');
    const statuses: unknown[] = [];
    const connection = hub.amqp();
    for (let attempt = 0; attempt < guesses + 3; attempt++)
      statuses.push((await putToken(connection, guess('amqp-victim'))).status);
    connection.close();
    expect(statuses.slice(0, guesses)).toEqual(Array.from({ length: guesses }, () => 401));
    expect(statuses.slice(-2)).toEqual([429, 429]);
    const other = hub.amqp();
    expect((await putToken(other, hub.token('amqp-victim'))).status).toBe(429);
    other.close();
    await event(other, 'connection_close').catch(() => undefined);
  });

  it('tries for many names from one address cost no memory worth a thought, and leave those of others alone', async () => {
    const heldMb = createHeldMb();
    const before = heldMb();
    const names = atScale({ smoke: 200, full: 20_000 });
    for (let name = 0; name < names; name++) await overHttp(guess(`nobody-${name}`), '127.0.0.4', `nobody-${name}`);
    const grownMb = heldMb() - before;
    report('C-34', { names, heldGrowthMb: Math.round(grownMb) });
    expect(grownMb).toBeLessThan(64);
    expect(await overHttp(hub.token('neighbour'), elsewhere, 'neighbour')).toBe(204);
  });
});
