import { describe, expect, test } from 'vitest';
import { Failure, isFailure } from '../../../src/errors/index.ts';
import {
  deleteDevices,
  listDevices,
  setStatus,
  showDevice,
  watchDevices,
  type DeviceChange,
  type DeviceOutcome,
} from '../../../src/fleet/devices/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { registryHub, type RegistryHub } from '../../support/registry-hub.ts';

function hubWith(...ids: string[]): RegistryHub {
  const hub = registryHub();
  for (const id of ids) hub.add(id, { tags: { site: id.startsWith('pump') ? 'north' : 'south' } });
  return hub;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const byId = (outcomes: readonly DeviceOutcome[]): Record<string, string> =>
  Object.fromEntries(outcomes.map(({ deviceId, result }) => [deviceId, result]));

describe('listing', () => {
  test('when globs and a condition are given, then both narrow the list', async () => {
    const hub = hubWith('pump-1', 'pump-2', 'truck-1');
    const ids = async (options: Parameters<typeof listDevices>[1]): Promise<string[]> =>
      (await collect(listDevices(hub, options))).map(({ deviceId }) => deviceId);
    expect(await ids({ globs: [] })).toEqual(['pump-1', 'pump-2', 'truck-1']);
    expect(await ids({ globs: ['pump-*'] })).toEqual(['pump-1', 'pump-2']);
    expect(await ids({ globs: ['*-1'], where: "tags.site = 'north' OR tags.site = 'east'" })).toEqual(['pump-1']);
    expect(await ids({ globs: ['truck-1', 'pump-2'] })).toEqual(['pump-2', 'truck-1']);
    expect(await ids({ globs: ['pump-?'], top: 1 })).toEqual(['pump-1']);
    expect(await ids({ globs: [], top: 2 })).toEqual(['pump-1', 'pump-2']);
  });

  test('when the condition is wrong, then the place is in the condition that was typed', async () => {
    const hub = registryHub();
    hub.before = () => {
      throw new Failure('invalid-query', 'the query is not valid: BadRequest');
    };
    const error: unknown = await collect(listDevices(hub, { globs: [], where: "tags.site == 'x'" })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ details: { position: 11, excerpt: ["tags.site == 'x'", '           ^'] } });
  });

  test('when a device was never active, then its time is null', async () => {
    const hub = registryHub();
    hub.add('a');
    hub.add('b', { identity: { lastActivityTime: '2026-01-01T00:00:00Z' } });
    expect((await collect(listDevices(hub, { globs: [] }))).map(({ lastActivityTime }) => lastActivityTime)).toEqual([
      null,
      '2026-01-01T00:00:00Z',
    ]);
  });
});

describe('showing', () => {
  test('when secrets are not asked for, then no key is in the answer', async () => {
    const device = await showDevice(hubWith('pump-1'), 'pump-1', { showSecrets: false });
    expect(device).toMatchObject({ deviceId: 'pump-1', tags: { site: 'north' }, desired: {}, reported: {} });
    expect(JSON.stringify(device)).not.toMatch(/cHJpbWFyeQ|c2Vjb25kYXJ5|\$metadata/);
  });

  test('when secrets are asked for, then the connection string names where devices connect', async () => {
    const device = await showDevice(hubWith('pump-1'), 'pump-1', { showSecrets: true });
    expect(device.connectionString).toBe('HostName=devices.example;DeviceId=pump-1;SharedAccessKey=cHJpbWFyeQ==');
  });

  test('when the policy may read twins only, then what it may read is shown, but never silently without keys', async () => {
    const hub = hubWith('pump-1');
    hub.before = (call) => {
      if (call.startsWith('get')) throw new Failure('not-authorised', 'no');
    };
    expect(await showDevice(hub, 'pump-1', { showSecrets: false })).toMatchObject({
      status: 'enabled',
      generationId: null,
    });
    await expect(showDevice(hub, 'pump-1', { showSecrets: true })).rejects.toMatchObject({ code: 'not-authorised' });
  });

  test('when the device does not exist, then that is the failure', async () => {
    await expect(showDevice(registryHub(), 'nobody', { showSecrets: false })).rejects.toMatchObject({
      code: 'device-not-found',
    });
  });
});

describe('enabling and disabling', () => {
  test('when devices are disabled, then keys stay, and what is so already is unchanged', async () => {
    const hub = hubWith('a', 'b');
    hub.add('c', { identity: { status: 'disabled', statusReason: 'stolen' } });
    const outcomes = await collect(setStatus(hub, ['a', 'b', 'c', 'nobody'], { status: 'disabled', concurrency: 2 }));
    expect(byId(outcomes)).toEqual({ a: 'changed', b: 'changed', c: 'unchanged', nobody: 'failed' });
    expect(outcomes.find(({ deviceId }) => deviceId === 'nobody')?.error?.code).toBe('device-not-found');
    expect(hub.stored.get('a')?.identity).toMatchObject({
      status: 'disabled',
      authentication: { symmetricKey: { primaryKey: 'cHJpbWFyeQ==' } },
    });
    expect(hub.stored.get('c')?.identity.statusReason).toBe('stolen');
  });

  test('when a device is enabled again, then its reason goes', async () => {
    const hub = registryHub();
    hub.add('c', { identity: { status: 'disabled', statusReason: 'stolen' } });
    await collect(setStatus(hub, ['c'], { status: 'enabled', concurrency: 1 }));
    expect(hub.stored.get('c')?.identity).toMatchObject({ status: 'enabled', statusReason: null });
  });

  test('when somebody else changes it in between, then their change is kept', async () => {
    const hub = hubWith('a');
    let first = true;
    hub.before = (call) => {
      const device = hub.stored.get('a');
      if (call !== 'put a' || !first || device === undefined) return;
      first = false;
      device.identity = { ...device.identity, etag: 'e2', statusReason: 'theirs' };
    };
    expect(byId(await collect(setStatus(hub, ['a'], { status: 'disabled', concurrency: 1 })))).toEqual({
      a: 'changed',
    });
    expect(hub.stored.get('a')?.identity).toMatchObject({ status: 'disabled', statusReason: 'theirs' });
  });

  test('when it is changed again and again, then it gives up with that', async () => {
    const hub = hubWith('a');
    hub.before = (call) => {
      if (call === 'put a') throw new Failure('changed-meanwhile', 'again');
    };
    const [outcome] = await collect(setStatus(hub, ['a'], { status: 'disabled', concurrency: 1 }));
    expect(outcome).toMatchObject({ result: 'failed', error: { code: 'changed-meanwhile' } });
    expect(hub.calls.filter((call) => call === 'put a')).toHaveLength(3);
  });
});

describe('deleting', () => {
  test('when there are many, then bulks of a hundred are sent and each device has its outcome', async () => {
    const hub = registryHub();
    const ids = Array.from({ length: 250 }, (_, index) => `d-${index}`);
    for (const id of ids.slice(1)) hub.add(id);
    const outcomes = await collect(deleteDevices(hub, ids, { concurrency: 2 }));
    expect(hub.calls).toEqual(['bulk 100', 'bulk 100', 'bulk 50']);
    expect(outcomes.filter(({ result }) => result === 'changed')).toHaveLength(249);
    expect(outcomes.find(({ result }) => result === 'failed')).toMatchObject({
      deviceId: 'd-0',
      error: { code: 'device-not-found' },
    });
    expect(hub.stored.size).toBe(0);
  });

  test('when a bulk fails as a whole, then its devices fail and the others do not', async () => {
    const hub = registryHub();
    const ids = Array.from({ length: 150 }, (_, index) => `d-${index}`);
    for (const id of ids) hub.add(id);
    hub.before = (call) => {
      if (call === 'bulk 50') throw new Failure('hub-failed', 'oops');
    };
    const outcomes = await collect(deleteDevices(hub, ids, { concurrency: 1 }));
    expect(outcomes.filter(({ error }) => error?.code === 'hub-failed')).toHaveLength(50);
    expect(hub.stored.size).toBe(50);
  });
});

async function watch(
  steps: ((hub: RegistryHub) => void)[],
): Promise<{ changes: DeviceChange[]; troubles: string[]; started: number }> {
  const hub = hubWith('a', 'b');
  const clock = fakeClock();
  const controller = new AbortController();
  const changes: DeviceChange[] = [];
  const troubles: string[] = [];
  let started = -1;
  const reading = (async () => {
    const signal = controller.signal;
    const options = {
      globs: [],
      clock,
      intervalMs: 1000,
      signal,
      onStart: (devices: readonly unknown[]) => (started = devices.length),
      onTrouble: (failure: Failure) => troubles.push(failure.code),
    };
    for await (const batch of watchDevices(hub, options)) changes.push(...batch);
  })();
  await clock.advance(0);
  for (const step of steps) {
    step(hub);
    await clock.advance(1000);
  }
  controller.abort(new Failure('interrupted', 'enough'));
  const end: unknown = await reading.catch((error: unknown) => error);
  if (!isFailure(end, 'interrupted')) throw end;
  return { changes, troubles, started };
}

function connect(hub: RegistryHub, id: string, state: 'Connected' | 'Disconnected'): void {
  const device = hub.stored.get(id);
  if (device !== undefined) device.identity.connectionState = state;
}

describe('watching', () => {
  test('when devices connect, change, come and go, then each is told once', async () => {
    const { changes, started } = await watch([
      (hub) => connect(hub, 'a', 'Connected'),
      () => undefined,
      (hub) => hub.add('c', { identity: { connectionState: 'Connected' } }),
      (hub) => {
        connect(hub, 'a', 'Disconnected');
        const device = hub.stored.get('b');
        if (device !== undefined) device.identity.status = 'disabled';
        hub.stored.delete('c');
      },
    ]);
    expect(started).toBe(2);
    expect(changes.map(({ deviceId, change }) => `${deviceId} ${change}`)).toEqual([
      'a connected',
      'c created',
      'c connected',
      'a disconnected',
      'b disabled',
      'c deleted',
    ]);
    expect(changes[0]?.time).toBe('2026-01-01T00:00:01.000Z');
  });

  test('when the hub is away for a while, then watching goes on and nothing is told twice', async () => {
    const { changes, troubles } = await watch([
      (hub) => {
        hub.before = () => {
          throw new Failure('hub-unreachable', 'away', { retryable: true });
        };
      },
      (hub) => {
        hub.before = () => undefined;
        connect(hub, 'a', 'Connected');
      },
    ]);
    expect(troubles).toEqual(['hub-unreachable']);
    expect(changes.map(({ change }) => change)).toEqual(['connected']);
  });
});
