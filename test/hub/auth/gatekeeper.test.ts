import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGatekeeper } from '../../../src/hub/auth/gatekeeper.ts';
import { newRecord } from '../../../src/hub/core/registry/device-records.ts';
import { parseIdentityDraft } from '../../../src/hub/core/registry/identity-draft.ts';
import { fieldsOf } from '../../../src/hub/core/untrusted.ts';
import type { DeviceRecord } from '../../../src/hub/core/ports.ts';
import type { AccessPolicy, Permission } from '../../../src/hub/core/services.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const clock = fakeClock();
const nowSeconds = clock.now() / 1_000;

function policy(name: string, permissions: readonly Permission[]): AccessPolicy {
  return { name, permissions, primaryKey: key(`${name}-1`), secondaryKey: key(`${name}-2`) };
}

function key(seed: string): string {
  return Buffer.from(seed.padEnd(32, '.')).toString('base64');
}

function device(deviceId: string, body: Record<string, unknown> = {}): DeviceRecord {
  const fields = fieldsOf(body, 'The body');
  return {
    ...newRecord(deviceId, parseIdentityDraft(fields), clock.now()),
    primaryKey: key(`${deviceId}-1`),
    secondaryKey: key(`${deviceId}-2`),
  };
}

const owner = policy('iothubowner', ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect']);
const devicePolicy = policy('device', ['DeviceConnect']);
const registryRead = policy('registryRead', ['RegistryRead']);
const devices = new Map(
  [device('dev1'), device('dev10'), { ...device('off'), status: 'disabled' as const }].map((record) => [
    record.deviceId,
    record,
  ]),
);
devices.set('cert', { ...device('cert'), authType: 'selfSigned' });

const gatekeeper = createGatekeeper({
  store: { readCredentials: (deviceId) => Promise.resolve(devices.get(deviceId)) },
  clock,
  policies: [owner, devicePolicy, registryRead],
  hostNames: ['localhost', 'hub.example'],
});

function token(parts: { resource: string; key: string; keyName?: string; in?: number }): string {
  return createSasToken({
    resource: parts.resource,
    key: parts.key,
    keyName: parts.keyName,
    expiresAt: nowSeconds + (parts.in ?? 3_600),
  });
}

async function verdict(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: { symbol?: string }) => error.symbol ?? 'an error that is not of the hub',
  );
}

describe('a clock that is set back', () => {
  let [offset, elapsed] = [0, 0];
  const start = nowSeconds * 1_000;
  const steppedClock = { ...clock, now: () => start + elapsed + offset, monotonic: () => elapsed };
  const stepped = createGatekeeper({
    store: { readCredentials: (deviceId) => Promise.resolve(devices.get(deviceId)) },
    clock: steppedClock,
    policies: [owner],
    hostNames: ['localhost'],
  });
  const minute = 60_000;
  const ask = async (expiresIn: number): Promise<number | string> => {
    const asked = { resource: 'localhost/devices/dev1', key: key('dev1-1'), in: expiresIn };
    const service = { resource: 'localhost/devices', key: key('iothubowner-1'), keyName: 'iothubowner', in: expiresIn };
    const [admitted, allowed] = await Promise.all([
      stepped.authenticateDevice({ identity: 'dev1', token: token(asked), remote: '' }).catch(() => undefined),
      stepped
        .authorizeService({ token: token(service), resource: '/devices', anyOf: ['RegistryRead'], remote: '' })
        .catch(() => undefined),
    ]);
    if (admitted?.expiresAt === undefined || allowed?.expiresAt === undefined) return 'refused';
    return Math.round((allowed.expiresAt - steppedClock.now()) / minute);
  };

  test('lets nobody in again whose token has ended, and gives the others as long as they have', async () => {
    elapsed = 60 * minute;
    expect(await ask(50 * 60)).toBe('refused');
    expect(await ask(70 * 60)).toBe(10);
    offset = -60 * minute;
    expect(await ask(50 * 60)).toBe('refused');
    expect(await ask(70 * 60)).toBe(10);
    offset = 60 * minute;
    expect(await ask(70 * 60)).toBe('refused');
    offset = 0;
    expect(await ask(70 * 60)).toBe(10);
  });
});

describe('devices', () => {
  const own = { resource: 'localhost/devices/dev1', key: key('dev1-1') };
  test.each([
    ['its primary key', 'dev1', own, 'ok'],
    ['its secondary key', 'dev1', { ...own, key: key('dev1-2') }, 'ok'],
    ['another name of the hub in capitals', 'dev1', { ...own, resource: 'HUB.Example/devices/dev1' }, 'ok'],
    ['a port in the host', 'dev1', { ...own, resource: 'localhost:8443/devices/dev1' }, 'ok'],
    ['a token four minutes too old', 'dev1', { ...own, in: -240 }, 'ok'],
    ['a token six minutes too old', 'dev1', { ...own, in: -360 }, 'IotHubUnauthorizedAccess'],
    ['a foreign host', 'dev1', { ...own, resource: 'other.example/devices/dev1' }, 'IotHubUnauthorizedAccess'],
    [
      'a resource that is only a prefix of the text',
      'dev10',
      { resource: 'localhost/devices/dev1', key: key('dev10-1') },
      'IotHubUnauthorizedAccess',
    ],
    ['the token of another device', 'dev10', own, 'IotHubUnauthorizedAccess'],
    ['an id in another case', 'DEV1', own, 'IotHubUnauthorizedAccess'],
    ['a module resource', 'dev1', { ...own, resource: 'localhost/devices/dev1/modules/m' }, 'IotHubUnauthorizedAccess'],
    [
      'an unknown id',
      'nobody',
      { resource: 'localhost/devices/nobody', key: key('dev1-1') },
      'IotHubUnauthorizedAccess',
    ],
    [
      'the right key of a disabled device',
      'off',
      { resource: 'localhost/devices/off', key: key('off-1') },
      'DeviceDisabled',
    ],
    [
      'the wrong key of a disabled device',
      'off',
      { resource: 'localhost/devices/off', key: key('dev1-1') },
      'IotHubUnauthorizedAccess',
    ],
    [
      'a key where certificates are expected',
      'cert',
      { resource: 'localhost/devices/cert', key: key('cert-1') },
      'IotHubUnauthorizedAccess',
    ],
    [
      'a policy that lets devices connect',
      'dev1',
      { resource: 'localhost', key: devicePolicy.primaryKey, keyName: 'device' },
      'ok',
    ],
    [
      'a policy and an unknown id',
      'nobody',
      { resource: 'localhost', key: devicePolicy.primaryKey, keyName: 'device' },
      'DeviceNotFound',
    ],
    [
      'a policy without the right',
      'dev1',
      { resource: 'localhost', key: registryRead.primaryKey, keyName: 'registryRead' },
      'IotHubUnauthorizedAccess',
    ],
    [
      'an unknown policy',
      'dev1',
      { resource: 'localhost', key: devicePolicy.primaryKey, keyName: 'ghost' },
      'IotHubUnauthorizedAccess',
    ],
    ['its own key under a policy name', 'dev1', { ...own, keyName: 'device' }, 'IotHubUnauthorizedAccess'],
  ])('when a device comes with %s, the verdict is as documented', async (_what, deviceId, parts, expected) => {
    expect(await verdict(gatekeeper.authenticateDevice({ identity: deviceId, token: token(parts) }))).toBe(expected);
  });

  test('when a device is proved, the sender says by what, and until when', async () => {
    const byKey = await gatekeeper.authenticateDevice({ identity: 'dev1', token: token(own), modelId: 'dtmi:x;1' });
    expect(byKey.sender).toMatchObject({
      deviceId: 'dev1',
      modelId: 'dtmi:x;1',
      auth: { scope: 'device', type: 'sas' },
    });
    expect(byKey.expiresAt).toBe(clock.now() + 3_600_000 + 300_000);
    const byPolicy = await gatekeeper.authenticateDevice({
      identity: 'dev1',
      token: token({ resource: 'localhost', key: owner.secondaryKey, keyName: 'iothubowner' }),
    });
    expect(byPolicy.sender.auth.scope).toBe('hub');
  });

  test('when any character of a good token is changed, it opens nothing more', async () => {
    const good = token(own);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.constantFrom(...Array.from('abcXYZ019%&=+/ .')),
        async (place, character) => {
          const mutant = good.slice(0, place) + character + good.slice(place + 1);
          fc.pre(mutant !== good && !sameMeaning(mutant, good));
          expect(await verdict(gatekeeper.authenticateDevice({ identity: 'dev1', token: mutant }))).toBe(
            'IotHubUnauthorizedAccess',
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** Field names may come in any case, and the signature may be escaped with small letters; that is no forgery. */
function sameMeaning(mutant: string, good: string): boolean {
  return plain(mutant) === plain(good);
}

function plain(text: string): string {
  return text
    .replace(/(?<=[ &])[a-z]+=/gi, (name) => name.toLowerCase())
    .replace(/(?<=sig=)[^&]*/, (signature) => signature.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase()));
}

describe('back-end callers', () => {
  const table: readonly [AccessPolicy, Permission, boolean][] = [owner, devicePolicy, registryRead].flatMap((held) =>
    (['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'] as const).map(
      (wanted) => [held, wanted, held.permissions.includes(wanted)] as const,
    ),
  ) as never;
  test.each(table)('when a policy asks for a right (case %#), it has it or not', async (held, wanted, allowed) => {
    const text = token({ resource: 'localhost', key: held.primaryKey, keyName: held.name });
    expect(await verdict(gatekeeper.authorizeService({ token: text, resource: '/devices/x', anyOf: [wanted] }))).toBe(
      allowed ? 'ok' : 'IotHubUnauthorizedAccess',
    );
  });

  test.each([
    ['no token', undefined],
    ['an empty token', ''],
    ['a bearer token', 'Bearer abc'],
    ['a device token', token({ resource: 'localhost/devices/dev1', key: key('dev1-1') })],
    ['an expired token', token({ resource: 'localhost', key: owner.primaryKey, keyName: 'iothubowner', in: -1 })],
    ['a token for another path', token({ resource: 'localhost/twins', key: owner.primaryKey, keyName: 'iothubowner' })],
    [
      'a token for a longer path',
      token({ resource: 'localhost/devices/x/y', key: owner.primaryKey, keyName: 'iothubowner' }),
    ],
    ['a token with an empty key', token({ resource: 'localhost', key: '', keyName: 'iothubowner' })],
  ])('when a caller comes with %s, it is refused', async (_what, text) => {
    expect(
      await verdict(gatekeeper.authorizeService({ token: text, resource: '/devices/x', anyOf: ['RegistryRead'] })),
    ).toBe('IotHubUnauthorizedAccess');
  });

  test('when either of two rights opens the door, one is enough', async () => {
    const text = token({ resource: 'localhost/devices', key: registryRead.secondaryKey, keyName: 'registryRead' });
    const answer = await gatekeeper.authorizeService({
      token: text,
      resource: '/devices/query',
      anyOf: ['ServiceConnect', 'RegistryRead'],
    });
    expect(answer).toMatchObject({ policy: 'registryRead' });
  });
});

describe('readers of the Event Hubs-compatible endpoint', () => {
  const textKey = Buffer.from(owner.primaryKey, 'utf8').toString('base64');
  const resource = 'sb%3A%2F%2Flocalhost%2Fmessages%2Fevents';

  test.each([
    ['the text of the key', textKey, 'iothubowner', 'ok'],
    ['the bytes of the key, as older clients do', owner.primaryKey, 'iothubowner', 'ok'],
    ['another key', key('other'), 'iothubowner', 'IotHubUnauthorizedAccess'],
    ['a policy that may not read', devicePolicy.primaryKey, 'device', 'IotHubUnauthorizedAccess'],
  ])('when a token is signed with %s, the verdict is as documented', async (_what, signingKey, keyName, expected) => {
    const text = token({ resource, key: signingKey, keyName });
    expect(await verdict(gatekeeper.authorizeEventHub(text))).toBe(expected);
  });

  test.each([
    ['iothubowner', owner.secondaryKey, 'ok'],
    ['iothubowner', registryRead.primaryKey, 'IotHubUnauthorizedAccess'],
    ['device', devicePolicy.primaryKey, 'IotHubUnauthorizedAccess'],
    ['nobody', owner.primaryKey, 'IotHubUnauthorizedAccess'],
  ])('when %s logs in with a key, the verdict is as documented (case %#)', async (name, given, expected) => {
    expect(await verdict(gatekeeper.authorizeEventHubKey(name, given))).toBe(expected);
  });
});
