import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeBag } from '../../../../src/protocol/mqtt/index.ts';
import { messageSources } from '../../../../src/protocol/telemetry/message.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { fakeSession, openCore, senderOf, type CoreFixture } from '../../../support/core-fixture.ts';

interface Told {
  readonly source: string;
  readonly identity: string;
  readonly schema: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

describe('events of the hub (device.md §9)', () => {
  let fixture: CoreFixture;
  beforeEach(async () => {
    fixture = await openCore({ withLog: true });
  });
  afterEach(() => fixture.close());

  /** Everything told so far, by time. */
  async function told(): Promise<Told[]> {
    // They are gathered for a moment.
    await fixture.clock.advance(50);
    await new Promise<void>((stored) => {
      const sender = { deviceId: 'x', moduleId: '', generationId: '', modelId: '', source: 'Telemetry' } as const;
      const auth = { scope: 'hub', type: 'sas', issuer: '' } as const;
      fixture.telemetry.append({ ...sender, auth }, 0, '', Buffer.alloc(0), () => stored());
    });
    const events: Told[] = [];
    for await (const { messages } of fixture.telemetry.read({
      from: 'earliest',
      follow: false,
      sources: messageSources.filter((source) => source !== 'Telemetry'),
    })) {
      for (const { sender, bag, body } of messages) {
        const { system, properties } = decodeBag(bag);
        expect(system).toMatchObject({
          'user-id': 'localhost',
          'content-type': 'application/json',
          'content-encoding': 'utf-8',
        });
        events.push({
          source: sender.source,
          identity: sender.moduleId === '' ? sender.deviceId : `${sender.deviceId}/${sender.moduleId}`,
          schema: system['iothub-message-schema'],
          properties,
          body: JSON.parse(Buffer.from(body).toString('utf8')) as JsonObject,
        });
      }
    }
    return events;
  }

  async function lastTold(): Promise<Told | undefined> {
    return (await told()).at(-1);
  }

  it('when a device is made and deleted, then both are told with a twin in short', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    await fixture.core.registry.delete('d', '*');
    const events = await told();
    expect(events.map(({ source, schema, properties }) => [source, schema, properties['opType']])).toEqual([
      ['deviceLifecycleEvents', 'deviceLifecycleNotification', 'createDeviceIdentity'],
      ['deviceLifecycleEvents', 'deviceLifecycleNotification', 'deleteDeviceIdentity'],
    ]);
    expect(events[0]?.properties).toEqual({
      hubName: 'localhost',
      deviceId: 'd',
      opType: 'createDeviceIdentity',
      operationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/) as string,
    });
    expect(events[0]?.body).toMatchObject({
      deviceId: 'd',
      etag: 'AAAAAAAAAAE=',
      properties: { desired: { $version: 1 }, reported: { $version: 1 } },
    });
  });

  it('when devices come and go in bulk, then each is told', async () => {
    await fixture.core.registry.bulk([
      { id: 'a', importMode: 'create' },
      { id: 'b', importMode: 'create' },
    ]);
    await fixture.core.registry.bulk([{ id: 'a', importMode: 'delete' }]);
    expect((await told()).map(({ identity, properties }) => `${properties['opType']} ${identity}`)).toEqual([
      'createDeviceIdentity a',
      'createDeviceIdentity b',
      'deleteDeviceIdentity a',
    ]);
  });

  it('when a module is made, then it is told as one', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    await fixture.core.registry.modules.put('d/m', { deviceId: 'd', moduleId: 'm' }, undefined);
    expect(await lastTold()).toMatchObject({
      source: 'moduleLifecycleEvents',
      identity: 'd/m',
      schema: 'moduleLifecycleNotification',
      properties: { deviceId: 'd', moduleId: 'm', opType: 'createModuleIdentity' },
    });
  });

  it('when a twin is patched, then what was written is told, null for what is gone', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    const { twins } = fixture.core;
    await twins.patch(
      'd',
      { tags: { site: 'a', rack: 1 }, properties: { desired: { x: 1, deep: { y: 2 } } } },
      undefined,
    );
    await twins.patch('d', { tags: { rack: null }, properties: { desired: { x: 1, deep: { z: 3 } } } }, undefined);
    const event = await lastTold();
    expect(event).toMatchObject({
      source: 'twinChangeEvents',
      schema: 'twinChangeNotification',
      properties: { opType: 'updateTwin' },
    });
    const { tags, properties } = (event?.body ?? {}) as { tags: JsonObject; properties: { desired: JsonObject } };
    expect(tags).toEqual({ rack: null });
    const { $metadata, ...desired } = properties.desired;
    expect(desired).toEqual({ x: 1, deep: { z: 3 }, $version: 3 });
    expect(Object.keys($metadata as JsonObject)).toEqual(['$lastUpdated', '$lastUpdatedVersion', 'x', 'deep']);
  });

  it('when a device reports, then that is told; a write that changes no twin is not', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    await fixture.core.twins.patchReported('d', { battery: 91 });
    await fixture.core.registry.put('d', { deviceId: 'd', statusReason: 'looked at' }, '*');
    const events = await told();
    expect(events.map(({ source }) => source)).toEqual(['deviceLifecycleEvents', 'twinChangeEvents']);
    expect(events[1]?.body).toMatchObject({ version: 2, properties: { reported: { battery: 91, $version: 2 } } });
    expect(events[1]?.body).not.toHaveProperty('tags');
  });

  it('when a twin is replaced, then the whole of it is told', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    await fixture.core.twins.replace('d', { tags: { a: 1 }, properties: { desired: { b: 2 } } }, undefined);
    expect(await lastTold()).toMatchObject({
      properties: { opType: 'replaceTwin' },
      body: { tags: { a: 1 }, properties: { desired: { b: 2, $version: 2 } } },
    });
  });

  it('when a device connects, is displaced and leaves, then one coming and one going are told, in numbers that rise', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    const sender = await senderOf(fixture, 'd');
    const [first, second] = [fakeSession(sender), fakeSession(sender)];
    fixture.core.sessions.attach(first);
    fixture.core.sessions.attach(second);
    fixture.core.sessions.detach(first);
    fixture.core.sessions.detach(second);
    const events = (await told()).slice(1);
    expect(events.map(({ source, schema, properties }) => [source, schema, properties['opType']])).toEqual([
      ['deviceConnectionStateEvents', 'deviceConnectionStateNotification', 'deviceConnected'],
      ['deviceConnectionStateEvents', 'deviceConnectionStateNotification', 'deviceDisconnected'],
    ]);
    const [connected = '', disconnected = ''] = events.map(({ body }) => JSON.stringify(body['sequenceNumber']));
    expect(connected).toMatch(/^"[\dA-F]{64}"$/);
    expect(disconnected > connected).toBe(true);
  });

  it('when messages are queued, returned, completed and purged, then each step is told', async () => {
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    const { messages } = fixture.core;
    const message = { ack: 'none', properties: {}, body: Buffer.from('x') } as const;
    await messages.send('d', { ...message, messageId: 'm-1' });
    for (const settlement of ['abandon', 'complete'] as const) {
      const locked = await messages.receive('d', {});
      await messages.settle('d', locked?.lockToken ?? '', settlement);
    }
    await messages.send('d', message);
    await messages.purge('d');
    const events = (await told()).slice(1);
    expect(events.map(({ source, properties }) => [source, properties['opType']])).toEqual([
      ['deviceMessageEvents', 'messageQueued'],
      ['deviceMessageEvents', 'messageReturned'],
      ['deviceMessageEvents', 'messageCompleted'],
      ['deviceMessageEvents', 'messageQueued'],
      ['deviceMessageEvents', 'messagePurged'],
    ]);
    expect(events[1]?.body).toMatchObject({ sequenceNumber: 1, messageId: 'm-1', deliveryCount: 1 });
  });

  it('when an event cannot be stored, then what it is about has happened all the same, and the failure is told', async () => {
    await fixture.telemetry.close();
    await fixture.core.registry.put('d', { deviceId: 'd' }, undefined);
    await fixture.clock.advance(50);
    expect((await fixture.core.registry.get('d')).deviceId).toBe('d');
    expect(fixture.errors).toHaveLength(1);
  });
});
