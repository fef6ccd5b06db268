/** C-32: a token is over when it is over, in a session too; what is no time is no expiry. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenSkewMs } from '../../../src/protocol/sas-token.ts';
import { report } from '../support/report.ts';
import { connectBackEnd, type BackEnd } from './support/back-end.ts';
import { startLiveHub, type LiveHub } from './support/live-hub.ts';
import { openSession, routes } from './support/sessions.ts';

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

/** How long before its end a session is opened. */
const leftMs = 1_500;
const mostLateMs = 1_000;

function now(): number {
  return Math.floor(Date.now() / 1_000);
}

describe('C-32', () => {
  it('a session ends with its token, within a second of the end that the allowed skew gives it', async () => {
    const late = await Promise.all(
      routes.map(async (route) => {
        const deviceId = `expiring-${route}`;
        await hub.make(deviceId);
        // Whole seconds, so that the end is known to the millisecond.
        const expiry = Math.ceil((Date.now() + leftMs - tokenSkewMs) / 1_000);
        const endsAt = expiry * 1_000 + tokenSkewMs;
        const session = await openSession(hub, route, deviceId, hub.token(deviceId, { expiry: String(expiry) }));
        if (session === undefined) throw new Error(`${route}: refused before its end`);
        let overAt = Number.POSITIVE_INFINITY;
        const over = session.over.then(() => void (overAt = Date.now()));
        await over;
        expect(overAt, `${route} ended too early`).toBeGreaterThanOrEqual(endsAt - 5);
        expect(overAt - endsAt, `${route} lived on`).toBeLessThan(mostLateMs);
        const before = session.received.length;
        await backEnd.send(deviceId, 'after the end');
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(session.received.slice(before)).toEqual([]);
        expect(
          await openSession(hub, route, deviceId, hub.token(deviceId, { expiry: String(expiry) })),
        ).toBeUndefined();
        return overAt - endsAt;
      }),
    );
    report('C-32', { sessions: late.length, slowestMsAfterExpiry: Math.max(...late), survivors: 0 });
  });

  it.each([
    ['1970', '0', false],
    ['negative', '-1', false],
    ['just over', () => String(now() - tokenSkewMs / 1_000 - 1), false],
    ['within the skew', () => String(now() - tokenSkewMs / 1_000 + 30), true],
    ['2038', '2147483648', true],
    ['2^53', '9007199254740993', false],
    ['longer than any time', '99999999999999999999', false],
    ['fifteen digits', '999999999999999', true],
    ['a fraction', () => `${now() + 60}.5`, true],
    ['NaN', 'NaN', false],
    ['Infinity', 'Infinity', false],
    ['an exponent', '1e12', false],
    ['hexadecimal', '0x7fffffff', false],
    ['a sign', '+99999999999', false],
    ['blanks', ' 99999999999', false],
    ['empty', '', false],
    ['other digits', '\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0660', false],
    ['a list', '99999999999,1', false],
  ] as const)('%s as the expiry of a token that is signed well', async (_what, given, isGood) => {
    // One for each, because wrong ones are counted.
    const deviceId = `odd-${hub.keys.size}`;
    await hub.make(deviceId);
    const expiry = typeof given === 'function' ? given() : given;
    const token = hub.token(deviceId, { expiry });
    for (const route of ['mqtt', 'amqp'] as const) {
      const session = await openSession(hub, route, deviceId, token);
      expect(session !== undefined, route).toBe(isGood);
      // A timer that is too long fires at once: it must not.
      if (session !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(session?.isOver ?? false).toBe(false);
      session?.destroy();
    }
    const { status } = await hub.request('POST', `/devices/${deviceId}/messages/events`, { token, body: 'x' });
    expect(status).toBe(isGood ? 204 : 401);
  });

  it('a policy of the hub has no skew, and no time of its own kind', async () => {
    for (const expiry of ['0', '-1', 'NaN', '1e12', '9007199254740993', String(now() - 1)]) {
      const token = hub.ownerToken().replace(/se=\d+/, `se=${expiry}`);
      expect((await hub.request('GET', '/devices', { token })).status).toBe(401);
    }
  });
});
