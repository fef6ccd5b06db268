import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors/index.ts';
import type { MethodRequest } from '../../src/protocol/method.ts';
import type { JsonObject } from '../../src/std/json.ts';
import { eventually, startTestHub, type TestHub } from './test-hub.ts';

function call(methodName: string, more: Partial<MethodRequest> = {}): MethodRequest {
  return { methodName, payload: null, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 0, ...more };
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error(`no failure but ${String(error)}`);
}

async function queryAll(hub: TestHub, text: string): Promise<JsonObject[]> {
  const rows: JsonObject[] = [];
  for await (const page of hub.client.queries.query(text)) rows.push(...page);
  return rows;
}

describe('an operator, a hub and a device', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startTestHub();
  });
  afterAll(() => hub.close());

  it('when devices are provisioned in bulks, then every one is there, and a second time each is named as existing', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `bulk-${index}`);
    await hub.provision(ids, { tags: { site: 'north' } });
    expect(await queryAll(hub, "SELECT COUNT() AS n FROM devices WHERE tags.site = 'north'")).toEqual([{ n: 250 }]);
    const again = await hub.client.devices.bulk([{ id: 'bulk-7', importMode: 'create' }]);
    expect(again).toMatchObject({ isSuccessful: false, errors: [{ deviceId: 'bulk-7' }] });
  });

  it('when a command is sent, then the device’s answer comes back with its own status', async () => {
    await hub.provision(['caller']);
    const device = await hub.connect('caller');
    device.onMethod((methodName, payload) => ({
      status: methodName === 'fail' ? 418 : 200,
      payload: { methodName, payload },
    }));
    const answer = await eventually(() =>
      hub.client.methods.invoke('caller', call('echo', { payload: { deep: ['ä', 1.5, null] } })),
    );
    expect(answer).toEqual({ status: 200, payload: { methodName: 'echo', payload: { deep: ['ä', 1.5, null] } } });
    expect(await hub.client.methods.invoke('caller', call('fail'))).toMatchObject({ status: 418 });
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, n) => hub.client.methods.invoke('caller', call('echo', { payload: n }))),
    );
    expect(many.map(({ payload }) => (payload as { payload: number }).payload)).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    );
  });

  it('when a device is offline, unknown or silent, then the failure says which', async () => {
    await hub.provision(['asleep', 'silent']);
    expect(await failureOf(hub.client.methods.invoke('asleep', call('ping')))).toMatchObject({
      code: 'device-offline',
      exitCode: 6,
    });
    expect(await failureOf(hub.client.methods.invoke('nobody', call('ping')))).toMatchObject({
      code: 'device-not-found',
      exitCode: 3,
    });
    const device = await hub.connect('silent');
    device.onMethod(() => new Promise(() => undefined));
    await eventually(async () => {
      expect(await failureOf(hub.client.methods.invoke('silent', call('ping')))).toMatchObject({
        code: 'device-no-answer',
        exitCode: 6,
      });
    });
  });

  it('when a command waits for a device, then it reaches it once it connects', async () => {
    await hub.provision(['late']);
    const answer = hub.client.methods.invoke(
      'late',
      call('ping', { responseTimeoutInSeconds: 20, connectTimeoutInSeconds: 20 }),
    );
    const device = await hub.connect('late');
    device.onMethod(() => ({ status: 200, payload: 'here' }));
    expect(await answer).toEqual({ status: 200, payload: 'here' });
  });

  it('when desired properties change, then the device is told, and what it reports is found by a query', async () => {
    await hub.provision(['settled'], { tags: { site: 'south' }, properties: { desired: { interval: 60 } } });
    const device = await hub.connect('settled', { secure: true });
    const seen: JsonObject[] = [];
    device.onDesired((change) => {
      seen.push(change.desired);
    });
    await eventually(async () => expect(seen.at(-1)).toMatchObject({ interval: 60 }));
    const twin = await hub.client.twins.patch('settled', {
      properties: { desired: { interval: 5, mode: { fan: 'on' } } },
    });
    await eventually(async () => expect(seen.at(-1)).toMatchObject({ interval: 5, mode: { fan: 'on' } }));
    expect(twin.properties.desired['$version']).toBe((await device.getTwin()).desired['$version']);
    await device.reportProperties({ interval: 5, firmware: { version: '1.2.0' } });
    expect(
      await queryAll(
        hub,
        "SELECT deviceId, properties.reported.interval AS interval FROM devices WHERE properties.reported.firmware.version = '1.2.0'",
      ),
    ).toEqual([{ deviceId: 'settled', interval: 5 }]);
    expect(await hub.client.twins.get('settled')).toMatchObject({
      connectionState: 'Connected',
      tags: { site: 'south' },
    });
  });

  it('when a device reports what breaks the twin rules, then it is refused and nothing is stored', async () => {
    await hub.provision(['rude']);
    const device = await hub.connect('rude');
    for (const patch of [
      { 'a.b': 1 },
      { ['__proto__x']: 1, 'y z': 2 },
      { big: 'x'.repeat(5_000) },
      { list: [null] },
    ] as JsonObject[]) {
      expect(await failureOf(device.reportProperties(patch))).toMatchObject({ code: 'refused' });
    }
    expect((await hub.client.twins.get('rude')).properties.reported).toMatchObject({ $version: 1 });
    expect(device.connected).toBe(true);
  });

  it('when a twin was changed by someone else, then a conditional change is refused', async () => {
    await hub.provision(['shared']);
    const { etag } = await hub.client.twins.get('shared');
    await hub.client.twins.patch('shared', { tags: { owner: 'a' } }, { etag });
    expect(await failureOf(hub.client.twins.patch('shared', { tags: { owner: 'b' } }, { etag }))).toMatchObject({
      code: 'changed-meanwhile',
    });
    expect((await hub.client.twins.get('shared')).tags).toEqual({ owner: 'a' });
  });

  it('works over HTTPS with the hub’s own authority, and the wrong key is refused', async () => {
    const secure = hub.secureClient();
    expect((await secure.devices.get('caller')).deviceId).toBe('caller');
    expect(await failureOf(hub.connect('caller', { key: Buffer.alloc(32, 5).toString('base64') }))).toMatchObject({
      code: 'not-authorised',
    });
  });

  it('when a device is disabled or deleted, then it is cut off and stays out', async () => {
    await hub.provision(['banned']);
    const device = await hub.connect('banned');
    const lost = new Promise<string>((resolve) => {
      device.onState((state) => {
        if (state.kind !== 'connected') resolve(state.kind);
      });
    });
    await hub.client.devices.put({ ...(await hub.client.devices.get('banned')), status: 'disabled' }, { etag: '*' });
    expect(['lost', 'refused']).toContain(await lost);
    await device.close();
    // Refused as a server that is not available: the device may be enabled again, so it keeps trying.
    expect(await failureOf(hub.connect('banned'))).toMatchObject({ code: 'hub-unreachable' });
    await eventually(async () =>
      expect(await hub.client.devices.get('banned')).toMatchObject({ connectionState: 'Disconnected' }),
    );
    await hub.client.devices.delete('banned', { etag: '*' });
    expect(await failureOf(hub.client.devices.get('banned'))).toMatchObject({ code: 'device-not-found' });
  });
});
