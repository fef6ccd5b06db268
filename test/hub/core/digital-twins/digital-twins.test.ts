import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeSession, senderOf } from '../../../support/core-fixture.ts';
import { openHttp, type HttpFixture } from '../../../support/http-fixture.ts';

let http: HttpFixture;
beforeEach(async () => {
  http = await openHttp();
  await http.core.registry.put('t-1', { deviceId: 't-1' }, undefined);
});
afterEach(() => http.close());

describe('GET /digitaltwins/{id}', () => {
  it('shows properties and components with what was wanted and acknowledged', async () => {
    await http.core.twins.patch(
      't-1',
      { properties: { desired: { thermostat: { __t: 'c', target: 21 } } } },
      undefined,
    );
    await http.core.twins.patchReported('t-1', {
      serial: 'S-1',
      thermostat: { __t: 'c', target: { value: 20, ac: 200, av: 2, ad: 'done' }, highest: 30 },
    });
    const answer = await http.call('GET', '/digitaltwins/t-1');
    expect(answer.status).toBe(200);
    expect(answer.headers['etag']).toBe(`"${(await http.core.twins.get('t-1')).etag}"`);
    expect(answer.body).toMatchObject({
      $dtId: 't-1',
      $metadata: { $model: '', serial: { lastUpdateTime: expect.stringMatching(/Z$/) } },
      serial: 'S-1',
      thermostat: {
        target: 20,
        highest: 30,
        $metadata: { target: { desiredValue: 21, ackCode: 200, ackVersion: 2, ackDescription: 'done' }, highest: {} },
      },
    });
    expect(answer.body.thermostat).not.toHaveProperty('__t');
    expect((await http.call('GET', '/digitaltwins/nobody')).status).toBe(404);
  });
});

describe('PATCH /digitaltwins/{id}', () => {
  it('changes properties of the device and of its components', async () => {
    await http.core.twins.patch('t-1', { properties: { desired: { limits: { low: 1, high: 2 }, old: 1 } } }, undefined);
    const answer = await http.call('PATCH', '/digitaltwins/t-1', {
      body: [
        { op: 'add', path: '/interval', value: 5 },
        { op: 'replace', path: '/limits', value: { low: 3 } },
        { op: 'remove', path: '/old' },
        { op: 'add', path: '/thermostat/target', value: 21 },
        { op: 'replace', path: '/thermostat/mode', value: 'auto' },
        { op: 'add', path: '/display', value: { $metadata: {}, brightness: 7 } },
      ],
    });
    expect(answer.status).toBe(202);
    const twin = await http.core.twins.get('t-1');
    expect(answer.headers).toMatchObject({
      etag: `"${twin.etag}"`,
      location: expect.stringContaining('/digitaltwins/t-1'),
    });
    const { $version: _, $metadata: __, ...desired } = twin.properties.desired;
    expect(desired).toEqual({
      interval: 5,
      limits: { low: 3 },
      thermostat: { __t: 'c', target: 21, mode: 'auto' },
      display: { __t: 'c', brightness: 7 },
    });
  });

  it.each([
    [{}, 'InvalidDigitalTwinJsonPatch'],
    [[], 'InvalidDigitalTwinJsonPatch'],
    [[1], 'InvalidDigitalTwinJsonPatch'],
    [[{ op: 'move', path: '/a' }], 'InvalidDigitalTwinPatch'],
    [[{ op: 'add', path: 'a', value: 1 }], 'InvalidDigitalTwinPatchPath'],
    [[{ op: 'add', path: '/a/b/c', value: 1 }], 'InvalidDigitalTwinPatchPath'],
    [[{ op: 'add', path: '/$metadata', value: 1 }], 'InvalidDigitalTwinPatchPath'],
    [[{ op: 'add', path: '/a' }], 'InvalidDigitalTwinPayload'],
  ])('refuses %j', async (body, symbol) => {
    const answer = await http.call('PATCH', '/digitaltwins/t-1', { body });
    expect(answer).toMatchObject({ status: 400, headers: { 'iothub-errorcode': symbol } });
  });

  it('refuses a stale etag', async () => {
    const body = [{ op: 'add', path: '/a', value: 1 }];
    const answer = await http.call('PATCH', '/digitaltwins/t-1', { body, headers: { 'if-match': '"AAAAAAAAAAk="' } });
    expect(answer.status).toBe(412);
  });
});

describe('commands', () => {
  it('of a component reach the device under both names; its answer is the body', async () => {
    const session = fakeSession(await senderOf(http, 't-1'), {
      methodReady: true,
      onMethod: (requestId) => http.core.commands.answer('t-1', requestId, 207, '{"ok":true}'),
    });
    http.core.sessions.attach(session);
    const path = '/digitaltwins/t-1/components/thermostat/commands/reset?responseTimeoutInSeconds=10';
    const answer = await http.call('POST', path, { body: { hard: true } });
    expect(answer).toMatchObject({ status: 200, body: { ok: true }, headers: { 'x-ms-command-statuscode': '207' } });
    expect(session.methods[0]).toMatchObject({ methodName: 'thermostat*reset', payload: '{"hard":true}' });
    expect((await http.call('POST', '/digitaltwins/t-1/commands/reset')).status).toBe(200);
    expect(session.methods[1]).toMatchObject({ methodName: 'reset', payload: 'null' });
  });

  it('to a device that is away are refused in the form of methods', async () => {
    const answer = await http.call('POST', '/digitaltwins/t-1/commands/reset');
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.Message)).toMatchObject({ errorCode: 404103 });
  });
});
