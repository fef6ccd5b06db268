/** C-31: tokens that somebody without the key changed, or made up. None is let in, and none is refused sooner for being nearer. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGatekeeper } from '../../../src/hub/auth/gatekeeper.ts';
import type { DeviceRecord } from '../../../src/hub/core/ports.ts';
import type { Gatekeeper } from '../../../src/hub/core/services.ts';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import { verifySasToken } from '../../../src/protocol/sas-token.ts';
import { openCore, type CoreFixture } from '../../support/core-fixture.ts';
import { below, pick, randomOfCase } from '../fuzz/support/random.ts';
import { fuzz } from '../fuzz/support/fuzz.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { welch } from './support/statistics.ts';
import { honestToken, saysTheSame, tamper } from './support/token-mutants.ts';

let hub: CoreFixture;
let keys: ReadonlyMap<string, string>;
const identities = ['dev1', 'dev10', 'dev2', 'dev1/m1', 'dev1/m10'];
const expiry = (): string => String(Math.floor(hub.clock.now() / 1_000) + 3_600);
const resourceOf = (identity: string): string => `localhost/devices/${identity.replace('/', '/modules/')}`;

beforeAll(async () => {
  hub = await openCore();
  const found = new Map<string, string>();
  for (const identity of identities) {
    const [deviceId = '', moduleId] = identity.split('/');
    const created =
      moduleId === undefined
        ? await hub.core.registry.put(deviceId, { deviceId }, undefined)
        : await hub.core.registry.modules.put(identity, { deviceId, moduleId }, undefined);
    found.set(identity, created.authentication.symmetricKey.primaryKey ?? '');
  }
  keys = found;
});
afterAll(() => hub.close());

function tokenOf(identity: string): string {
  return honestToken({ resource: resourceOf(identity), expiry: expiry(), key: keys.get(identity) ?? '' });
}

/** True when the gatekeeper lets the identity in; anything but a refusal is a finding. */
async function admits(identity: string, token: string, gatekeeper: Door = hub.core.gatekeeper): Promise<boolean> {
  try {
    await gatekeeper.authenticateDevice({ identity, token });
    return true;
  } catch (error) {
    if (error instanceof HubError && error.status === 401) return false;
    throw error;
  }
}

type Door = Pick<Gatekeeper, 'authenticateDevice'>;

/** The gatekeeper over the same records in this thread's memory: a hundred thousand questions need no database. */
async function quickDoor(): Promise<Door> {
  const records = new Map<string, DeviceRecord>();
  for (const identity of identities) {
    const record = await hub.store.read(identity);
    if (record !== undefined) records.set(identity, record);
  }
  const { clock, policies } = hub;
  return createGatekeeper({
    store: { readCredentials: async (path) => records.get(path) },
    clock,
    policies,
    hostNames: ['localhost'],
  });
}

it('C-31 an honest token is let in, in each way that SDKs write one', async () => {
  for (const identity of identities) {
    const token = tokenOf(identity);
    const [sr, sig, se] = token.slice('SharedAccessSignature '.length).split('&');
    expect(await admits(identity, token)).toBe(true);
    expect(await admits(identity, `SharedAccessSignature ${se}&${sig}&${sr}&skn=`)).toBe(true);
  }
});

it('C-31 no mutant of a token is let in', async () => {
  const others = identities.map(tokenOf);
  const door = await quickDoor();
  let same = 0;
  await fuzz({
    id: 'C-31',
    name: 'sas-mutants',
    cases: { smoke: 8_000, full: 1_000_000 },
    make: (random) => {
      const identity = pick(random, identities);
      const honest = tokenOf(identity);
      let token = honest;
      for (let changes = 1 + below(random, 2); changes > 0; changes--)
        token = token.startsWith('SharedAccessSignature ') ? tamper(random, token, others) : token;
      return { identity, honest, token };
    },
    async check({ identity, honest, token }) {
      const admitted = await admits(identity, token, door);
      const meansTheSame = saysTheSame(token, honest);
      if (meansTheSame) same++;
      if (admitted && !meansTheSame) throw new Error('a mutant was let in');
      if (!admitted && meansTheSame) throw new Error('a token that says the same was refused');
    },
    show: ({ identity, token }) => `${identity}\n${token}`,
  });
  report('C-31', { sayingTheSame: same });
});

it('C-31 a token opens its own identity alone', async () => {
  for (const identity of identities)
    for (const other of identities) expect(await admits(other, tokenOf(identity))).toBe(identity === other);
  const key = keys.get('dev1') ?? '';
  const token = (resource: string): string => honestToken({ resource, expiry: expiry(), key });
  for (const [resource, admitted] of [
    ['another.example/devices/dev1', false],
    ['localhost.evil.example/devices/dev1', false],
    ['localhost/devices/DEV1', false],
    ['localhost/devices/dev', false],
    ['localhost/devices/dev10', false],
    ['localhost/devices/dev1/modules/m1', false],
    ['localhost/devices/*', false],
    ['localhost/devices/../devices/dev1', false],
    ['LOCALHOST/Devices/dev1', true],
    ['localhost:8883/devices/dev1', true],
  ] as const)
    expect(await admits('dev1', token(resource)), resource).toBe(admitted);
});

it('C-31 no key, an empty key and the key before a renewal sign nothing', async () => {
  for (const key of ['', 'AA==', Buffer.alloc(32).toString('base64'), Buffer.alloc(32, 0x5a).toString('base64')])
    for (const identity of [...identities, 'nobody'])
      expect(await admits(identity, honestToken({ resource: resourceOf(identity), expiry: expiry(), key }))).toBe(
        false,
      );
  const before = tokenOf('dev2');
  expect(await admits('dev2', before)).toBe(true);
  await hub.core.registry.regenerateKeys({ devices: [{ id: 'dev2' }], policyKey: 'Both' }).catch(() => undefined);
  const { authentication } = await hub.core.registry.get('dev2');
  const symmetricKey = {
    primaryKey: randomBytes(32).toString('base64'),
    secondaryKey: randomBytes(32).toString('base64'),
  };
  await hub.core.registry.put('dev2', { deviceId: 'dev2', authentication: { ...authentication, symmetricKey } }, '*');
  expect(await admits('dev2', before)).toBe(false);
});

it('C-31 how long a refusal takes says nothing about where the signature is wrong', () => {
  const key = randomBytes(32).toString('base64');
  const honest = honestToken({ resource: 'localhost/devices/dev1', expiry: '9999999999', key });
  const fields = {
    resource: 'localhost%2Fdevices%2Fdev1',
    expiry: '9999999999',
    expiresAt: 9_999_999_999,
    keyName: undefined,
  };
  const signature = decodeURIComponent(/sig=([^&]+)/.exec(honest)?.[1] ?? '');
  const first = { ...fields, signature: `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}` };
  const last = { ...fields, signature: `${signature.slice(0, -2)}${signature.at(-2) === 'A' ? 'E' : 'A'}=` };
  expect(verifySasToken({ ...fields, signature }, [key])).toBe(true);
  const samples = atScale({ smoke: 4_000, full: 20_000 });
  const times: { first: number[]; last: number[] } = { first: [], last: [] };
  const random = randomOfCase('sas-timing', 0);
  for (let round = 0; round < samples * 2; round++) {
    const which = random() < 0.5 ? 'first' : 'last';
    const token = which === 'first' ? first : last;
    const begin = process.hrtime.bigint();
    const verified = verifySasToken(token, [key]);
    times[which].push(Number(process.hrtime.bigint() - begin));
    if (verified) throw new Error('a wrong signature was verified');
  }
  const { t, differenceNs, medians } = welch(times.first, times.last);
  report('C-31', { timing: 'first byte against last byte', samples, t, differenceNs, ...medians });
  // Wide: a comparison that stops at the first difference stands apart by far more, see the calibration.
  expect(Math.abs(t)).toBeLessThan(10);
});

it('C-31 calibration: the test of times sees a difference of a microsecond', () => {
  const random = randomOfCase('sas-timing-calibration', 0);
  const base = Array.from({ length: 4_000 }, () => 10_000 + random() * 5_000);
  expect(
    Math.abs(
      welch(
        base,
        base.map((time) => time + 1_000),
      ).t,
    ),
  ).toBeGreaterThan(10);
});
