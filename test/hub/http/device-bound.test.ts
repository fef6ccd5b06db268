import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CloudToDeviceMessage } from '../../../src/hub/core/messages/service.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { deviceToken } from '../../support/core-fixture.ts';
import { openHttp, type Answer, type HttpFixture, type Method } from '../../support/http-fixture.ts';

let fixture: HttpFixture;

beforeEach(async () => {
  fixture = await openHttp();
  await fixture.core.registry.put('d1', {}, undefined);
});

afterEach(() => fixture.close());

const bound = '/devices/d1/messages/devicebound';

async function asDevice(method: Method, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const authorization = await deviceToken(fixture, 'd1');
  return fixture.call(method, path, { policy: null, headers: { authorization, ...headers } });
}

function text(body: string, more: Partial<CloudToDeviceMessage> = {}): CloudToDeviceMessage {
  return { ack: 'none', properties: {}, body: Buffer.from(body), ...more };
}

function lockOf(answer: Answer): string {
  return String(answer.headers['etag']).replaceAll('"', '');
}

describe('a device receives over HTTPS (device.md §3.2)', () => {
  test('when its queue is empty, then the answer is 204', async () => {
    expect(await asDevice('GET', bound)).toMatchObject({ status: 204, text: '' });
  });

  test('when a message waits, then it comes with all its headers and a lock', async () => {
    await fixture.core.messages.send(
      'd1',
      text('hello', {
        messageId: 'm1',
        correlationId: 'c1',
        userId: 'u1',
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        ack: 'full',
        properties: { Colour: 'red', 'two words': '50% ;' },
      }),
    );
    const answer = await asDevice('GET', '/devices/d1/messages/deviceBound');
    expect([answer.status, answer.text]).toEqual([200, 'hello']);
    expect(answer.headers).toMatchObject({
      etag: expect.stringMatching(/^"[0-9a-f-]{36}"$/) as string,
      'iothub-messageid': 'm1',
      'iothub-correlationid': 'c1',
      'iothub-userid': 'u1',
      'iothub-to': '/devices/d1/messages/devicebound',
      'iothub-ack': 'full',
      'iothub-sequencenumber': '1',
      'iothub-deliverycount': '0',
      'iothub-enqueuedtime': '2026-01-01T00:00:00.0000000Z',
      'iothub-expiry': '2026-01-01T01:00:00.0000000Z',
      'iothub-contenttype': 'application/json',
      'iothub-contentencoding': 'utf-8',
      contenttype: 'application/json',
      contentencoding: 'utf-8',
      'iothub-app-colour': 'red',
      'iothub-app-two%20words': '50% ;',
    });
    expect((await asDevice('GET', bound)).status).toBe(204);
  });

  test('when the lock is a minute old, then the message is given again; another time may be asked for', async () => {
    await fixture.core.messages.send('d1', text('x'));
    const first = await asDevice('GET', bound);
    await fixture.clock.advance(59_999);
    expect((await asDevice('GET', bound)).status).toBe(204);
    await fixture.clock.advance(1);
    expect((await asDevice('GET', `${bound}?iothub-messagelocktimeout=5`)).status).toBe(200);
    expect(await asDevice('DELETE', `${bound}/${lockOf(first)}`)).toMatchObject({
      status: 412,
      headers: { 'iothub-errorcode': 'DeviceMessageLockLost' },
    });
    await fixture.clock.advance(5_000);
    expect((await asDevice('GET', bound, { 'iothub-messagelocktimeout': '300' })).status).toBe(200);
    await fixture.clock.advance(299_999);
    expect((await asDevice('GET', bound)).status).toBe(204);
  });

  test.each(['0', '301', 'x'])('when a lock of %s seconds is asked for, then the answer is 400', async (seconds) => {
    expect((await asDevice('GET', `${bound}?iothub-messagelocktimeout=${seconds}`)).status).toBe(400);
  });

  test('when it is completed, then it is gone', async () => {
    await fixture.core.messages.send('d1', text('x'));
    const lock = lockOf(await asDevice('GET', bound));
    expect(await asDevice('DELETE', `${bound}/${lock}`, { 'if-match': lock })).toMatchObject({ status: 204, text: '' });
    expect(fixture.core.messages.count('d1')).toBe(0);
    expect(await fixture.core.messages.deadLetters('d1', 9)).toEqual([]);
    expect((await asDevice('DELETE', `${bound}/${lock}`)).status).toBe(412);
  });

  test.each(['&reject', '&reject=true'])('when it is rejected (%s), then it is a dead letter', async (parameter) => {
    await fixture.core.messages.send('d1', text('x'));
    const lock = lockOf(await asDevice('GET', bound));
    expect((await asDevice('DELETE', `${bound}/${lock}?a=b${parameter}`)).status).toBe(204);
    expect(await fixture.core.messages.deadLetters('d1', 9)).toMatchObject([{ reason: 'Rejected' }]);
  });

  test('when it is abandoned, then it is given again with its delivery counted', async () => {
    await fixture.core.messages.send('d1', text('x'));
    const lock = lockOf(await asDevice('GET', bound));
    expect((await asDevice('POST', `${bound}/${lock}/abandon`)).status).toBe(204);
    expect((await asDevice('GET', bound)).headers['iothub-deliverycount']).toBe('1');
  });

  test('when a module asks, then it gets its own messages', async () => {
    const module = await fixture.core.registry.modules.put('d1/m1', { deviceId: 'd1', moduleId: 'm1' }, undefined);
    await fixture.core.messages.send('d1', text('of the device'));
    await fixture.core.messages.send('d1/m1', text('of the module'));
    const authorization = createSasToken({
      resource: 'localhost/devices/d1/modules/m1',
      key: module.authentication.symmetricKey.primaryKey ?? '',
      expiresAt: fixture.clock.now() / 1_000 + 3_600,
    });
    const path = '/devices/d1/modules/m1/messages/devicebound';
    const answer = await fixture.call('GET', path, { policy: null, headers: { authorization } });
    expect(answer.text).toBe('of the module');
    const settled = await fixture.call('DELETE', `${path}/${lockOf(answer)}`, {
      policy: null,
      headers: { authorization },
    });
    expect(settled.status).toBe(204);
  });

  test('when the back end or another device asks, then the answer is 401', async () => {
    await fixture.core.registry.put('d2', {}, undefined);
    const authorization = await deviceToken(fixture, 'd2');
    expect((await fixture.call('GET', bound, { policy: null, headers: { authorization } })).status).toBe(401);
    expect((await fixture.call('GET', bound, { policy: 'service' })).status).toBe(401);
  });
});

describe('the back end (service.md §8.4, §8.6)', () => {
  test('when a queue is purged, then the answer counts what was in it', async () => {
    await fixture.core.messages.send('d1', text('x'));
    await fixture.core.messages.send('d1', text('y'));
    const answer = await fixture.call('DELETE', '/devices/d1/commands', { policy: 'service' });
    expect([answer.status, answer.body]).toEqual([200, { deviceId: 'd1', moduleId: null, totalMessagesPurged: 2 }]);
    expect((await fixture.call('DELETE', '/devices/nobody/commands')).body).toMatchObject({
      Message: expect.stringContaining('ErrorCode:DeviceNotFound;') as string,
    });
    for (const [policy, status] of [
      ['registryReadWrite', 200],
      ['registryRead', 401],
      ['device', 401],
    ] as const)
      expect((await fixture.call('DELETE', '/devices/d1/commands', { policy })).status).toBe(status);
  });

  test('when a module is named, then its queue is purged', async () => {
    await fixture.core.registry.modules.put('d1/m1', { deviceId: 'd1', moduleId: 'm1' }, undefined);
    await fixture.core.messages.send('d1/m1', text('x'));
    const answer = await fixture.call('DELETE', '/devices/d1/modules/m1/commands');
    expect(answer.body).toEqual({ deviceId: 'd1', moduleId: 'm1', totalMessagesPurged: 1 });
  });

  test('when messages wait, then identity and twin say how many', async () => {
    await fixture.core.messages.send('d1', text('x'));
    expect((await fixture.call('GET', '/devices/d1')).body.cloudToDeviceMessageCount).toBe(1);
    expect((await fixture.call('GET', '/twins/d1')).body.cloudToDeviceMessageCount).toBe(1);
  });

  test('when a device is deleted and made anew, then it has no messages', async () => {
    await fixture.core.messages.send('d1', text('x'));
    await fixture.call('DELETE', '/devices/d1', { headers: { 'if-match': '*' } });
    await fixture.core.registry.put('d1', {}, undefined);
    expect((await asDevice('GET', bound)).status).toBe(204);
    expect((await fixture.call('GET', '/devices/d1')).body.cloudToDeviceMessageCount).toBe(0);
  });

  test('when feedback is asked for, then a batch comes with a lock and is settled by it', async () => {
    const path = '/messages/serviceBound/feedback';
    expect((await fixture.call('GET', path)).status).toBe(204);
    await fixture.core.feedback.put('application/vnd.microsoft.iothub.feedback.json', Buffer.from('[{"a":1}]'));
    const first = await fixture.call('GET', path, { policy: 'service' });
    expect([first.status, first.text]).toEqual([200, '[{"a":1}]']);
    expect(first.headers).toMatchObject({
      'content-type': 'application/vnd.microsoft.iothub.feedback.json',
      'iothub-sequencenumber': '1',
      'iothub-deliverycount': '0',
    });
    expect((await fixture.call('POST', `${path}/${lockOf(first)}/abandon`)).status).toBe(204);
    const second = await fixture.call('GET', '/messages/servicebound/feedback');
    expect(second.headers['iothub-deliverycount']).toBe('1');
    expect((await fixture.call('DELETE', `${path}/${lockOf(second)}`)).status).toBe(204);
    expect((await fixture.call('DELETE', `${path}/${lockOf(second)}`)).status).toBe(412);
    expect((await fixture.call('GET', path)).status).toBe(204);
    expect((await fixture.call('GET', path, { policy: 'device' })).status).toBe(401);
  });
});

describe("a queue as this hub's operator sees it", () => {
  const path = '/iotctl/devices/d1/messages';

  test('when messages wait, are locked or dead, then each is shown with its state', async () => {
    for (const body of ['dead', 'locked', 'queued'])
      await fixture.core.messages.send('d1', text(body, { messageId: body, properties: { a: 'b' } }));
    await fixture.call('DELETE', '/devices/none/commands');
    const dead = lockOf(await asDevice('GET', bound));
    await asDevice('DELETE', `${bound}/${dead}?a=b&reject`);
    await asDevice('GET', bound);
    const waiting = await fixture.call('GET', path, { version: null });
    expect(waiting.body.messages).toMatchObject([
      { sequenceNumber: 2, state: 'locked', messageId: 'locked', body: null, size: 6, properties: { a: 'b' } },
      { sequenceNumber: 3, state: 'queued', messageId: 'queued', deliveryCount: 0, reason: null },
    ]);
    const letters = await fixture.call('GET', `${path}?state=dead&body=true`, { version: null });
    expect(letters.body.messages).toMatchObject([
      { state: 'dead', reason: 'Rejected', deadLetteredTime: '2026-01-01T00:00:00.000Z', body: 'ZGVhZA==' },
    ]);
    expect((await fixture.call('GET', `${path}?top=1`)).body.messages).toHaveLength(1);
  });

  test('when dead letters are requeued, all or by number, then the answer counts them', async () => {
    for (const body of ['one', 'two', 'three']) {
      await fixture.core.messages.send('d1', text(body));
      await asDevice('DELETE', `${bound}/${lockOf(await asDevice('GET', bound))}?a=b&reject`);
    }
    const some = await fixture.call('POST', `${path}/requeue`, { body: { sequenceNumbers: [2] } });
    expect(some.body).toEqual({ requeued: 1 });
    expect((await fixture.call('POST', `${path}/requeue`)).body).toEqual({ requeued: 2 });
    expect(fixture.core.messages.count('d1')).toBe(3);
    expect((await fixture.call('POST', `${path}/requeue`, { body: { sequenceNumbers: ['a'] } })).status).toBe(400);
  });

  test('when the device is not there, then the answer is 404', async () => {
    expect((await fixture.call('GET', '/iotctl/devices/nobody/messages')).status).toBe(404);
    expect((await fixture.call('POST', '/iotctl/devices/nobody/messages/requeue')).status).toBe(404);
  });
});
