/** Reading what devices send with `@azure/event-hubs`, unmodified. Source: service.md §9. */
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  earliestEventPosition,
  latestEventPosition,
  type EventHubConsumerClientOptions,
  type EventPosition,
  type ReceivedEventData,
  type SubscribeOptions,
} from '@azure/event-hubs';
import rhea, { type EventContext } from 'rhea';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { allTransports, commonSdk, connectedTransports, deviceClient, moduleClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const group = 'readers';
const partitionCount = 4;
const everywhereLatest = Object.fromEntries(['0', '1', '2', '3'].map((id) => [id, latestEventPosition]));
/** Short, so that a test of a refusal does not wait for retries. */
const retryOptions = { maxRetries: 0, timeoutInMs: 10_000 };

interface Way {
  readonly name: string;
  readonly transport: 'AMQP' | 'AMQP-WS';
  readonly connectionString: (hub: SdkHub) => string;
  readonly options: EventHubConsumerClientOptions;
}

/** The same connection string, once for plain AMQP on this machine and once as it would be in the cloud. */
function secureString(hub: SdkHub): string {
  const plain = hub.info.eventHubConnectionString ?? '';
  return plain.replace(/^Endpoint=[^;]*/, `Endpoint=sb://${hub.hostName}/`).replace(';UseDevelopmentEmulator=true', '');
}

function ownerOf({ info }: SdkHub): { hostName: string; policy: string; key: string } {
  const { hostName, sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  return { hostName, policy: sharedAccessKeyName, key: sharedAccessKey };
}

const ways: readonly Way[] = [
  {
    name: 'with UseDevelopmentEmulator',
    transport: 'AMQP',
    connectionString: (hub) => hub.info.eventHubConnectionString ?? '',
    options: { retryOptions },
  },
  { name: 'over TLS', transport: 'AMQP', connectionString: secureString, options: { retryOptions } },
  {
    name: 'over a WebSocket',
    transport: 'AMQP-WS',
    connectionString: secureString,
    options: { retryOptions, webSocketOptions: { webSocket: WebSocket } },
  },
];

/** Sends over MQTT and waits until each is acknowledged. */
async function send(connectionString: string, texts: readonly string[]): Promise<void> {
  const device = await deviceClient('MQTT', connectionString);
  await device.open();
  for (const body of texts) {
    const message = new commonSdk.Message(body);
    message.messageId = `id-${body}`;
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('colour', 'blue');
    await device.sendEvent(message);
  }
  await device.close();
}

function bodies(events: readonly ReceivedEventData[]): unknown[] {
  return events.map(({ body }) => body as unknown);
}

describe('@azure/event-hubs', () => {
  let hub: SdkHub;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    hub = await openSdkHub({ consumerGroups: [group], routes: ['twinChangeEvents'] });
  });
  afterAll(async () => {
    for (const each of open) await each.close().catch(() => undefined);
    await hub?.close();
  });

  function consumer(way: Way = ways[0]!, consumerGroup = '$Default'): EventHubConsumerClient {
    const client = new EventHubConsumerClient(consumerGroup, way.connectionString(hub), way.options);
    open.push(client);
    return client;
  }

  /** Where each device's events were found. */
  const partitions = new Map<string, string>();

  /** Reads one device's events until there are so many; `attached` runs when every partition is being read. */
  async function read(
    client: EventHubConsumerClient,
    deviceId: string,
    count: number,
    startPosition: EventPosition | Record<string, EventPosition>,
    { options, attached }: { options?: SubscribeOptions; attached?: () => Promise<void> } = {},
  ): Promise<ReceivedEventData[]> {
    const found: ReceivedEventData[] = [];
    const done = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    const reading = new Set<string>();
    const subscription = client.subscribe(
      {
        async processEvents(events, { partitionId }) {
          for (const event of events) {
            if (event.systemProperties?.['iothub-connection-device-id'] !== deviceId) continue;
            found.push(event);
            partitions.set(deviceId, partitionId);
          }
          if (found.length >= count) done.resolve();
          if (reading.add(partitionId).size === partitionCount) all.resolve();
        },
        async processError(error) {
          done.reject(error);
        },
      },
      { startPosition, maxBatchSize: 50, maxWaitTimeInSeconds: 1, ...options },
    );
    try {
      if (attached !== undefined) {
        await Promise.race([all.promise, done.promise]);
        await attached();
      }
      await done.promise;
    } finally {
      await subscription.close();
    }
    return found;
  }

  for (const way of ways) {
    const proof = { transport: way.transport, authentication: 'policy' } as const;
    sdkTest({ ...proof, capability: 'Event Hubs: properties' }, way.name, async () => {
      const client = consumer(way);
      const { name, partitionIds, createdOn } = await client.getEventHubProperties();
      expect(partitionIds).toEqual(['0', '1', '2', '3']);
      expect(name).toBe(hub.hostName);
      expect(createdOn.getTime()).toBeLessThanOrEqual(Date.now());
      const properties = await Promise.all(partitionIds.map((id) => client.getPartitionProperties(id)));
      expect(properties.map(({ partitionId }) => partitionId)).toEqual(partitionIds);
      await expect(client.getPartitionProperties('9')).rejects.toMatchObject({ code: 'ArgumentOutOfRangeError' });
    });

    sdkTest({ ...proof, capability: 'Event Hubs: read' }, `from the earliest and the latest, ${way.name}`, async () => {
      const deviceId = `read-${way.transport}-${way.name.length}`;
      const device = await hub.createDevice(deviceId);
      await send(device, ['1', '2', '3']);
      expect(bodies(await read(consumer(way), deviceId, 3, earliestEventPosition))).toEqual([1, 2, 3]);
      const latest = await read(consumer(way), deviceId, 2, latestEventPosition, {
        attached: () => send(device, ['4', '5']),
      });
      expect(bodies(latest)).toEqual([4, 5]);
    });
  }

  const amqp = { transport: 'AMQP', authentication: 'policy' } as const;

  sdkTest({ ...amqp, capability: 'Event Hubs: read' }, 'from an offset, a sequence number, a time', async () => {
    const deviceId = 'positions';
    const device = await hub.createDevice(deviceId);
    await send(device, ['1', '2', '3']);
    const all = await read(consumer(), deviceId, 3, earliestEventPosition);
    await send(device, ['4']);
    const [, , , fourth] = await read(consumer(), deviceId, 4, earliestEventPosition);
    // Later than the third, whatever the clock's step: the endpoint gives what came after a time.
    const between = new Date(fourth!.enqueuedTimeUtc.getTime() - 1);
    const [first, second] = all;
    for (const [position, expected] of [
      [{ offset: first!.offset }, [2, 3, 4]],
      [{ sequenceNumber: second!.sequenceNumber }, [3, 4]],
      [{ sequenceNumber: second!.sequenceNumber, isInclusive: true }, [2, 3, 4]],
      [{ offset: second!.offset, isInclusive: true }, [2, 3, 4]],
      [{ enqueuedOn: between }, [4]],
    ] as const) {
      const startPosition = { ...everywhereLatest, [partitions.get(deviceId) ?? '']: position };
      const events = await read(consumer(), deviceId, expected.length, startPosition);
      expect(bodies(events), JSON.stringify(position)).toEqual(expected);
    }
  });

  sdkTest({ ...amqp, capability: 'Event Hubs: event format' }, 'who sent it, when, and what with it', async () => {
    const deviceId = 'format';
    await send(await hub.createDevice(deviceId), ['{"temperature":21}']);
    const [event] = await read(consumer(), deviceId, 1, earliestEventPosition, {
      options: { trackLastEnqueuedEventProperties: true },
    });
    expect(event).toMatchObject({
      body: { temperature: 21 },
      contentType: 'application/json',
      messageId: 'id-{"temperature":21}',
      partitionKey: deviceId,
      properties: { colour: 'blue' },
      systemProperties: {
        'iothub-connection-device-id': deviceId,
        'iothub-connection-auth-method':
          '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
        'iothub-message-source': 'Telemetry',
        contentType: 'application/json',
        contentEncoding: 'utf-8',
      },
    });
    expect(event?.systemProperties?.['iothub-connection-auth-generation-id']).toMatch(/^\d{18}$/);
    expect(event?.systemProperties?.['iothub-enqueuedtime']).toBe(event?.enqueuedTimeUtc.getTime());
    expect(Math.abs(Date.now() - (event?.enqueuedTimeUtc.getTime() ?? 0))).toBeLessThan(30_000);
  });

  for (const transport of allTransports) {
    const proof = { capability: 'telemetry: as readers get it', transport, authentication: 'key' } as const;
    sdkTest(proof, 'body, properties and who sent it', async () => {
      const deviceId = `sent-${transport}`;
      const device = await deviceClient(transport, await hub.createDevice(deviceId));
      await device.open();
      const message = new commonSdk.Message('{"n":1}');
      message.messageId = 'm-1';
      message.correlationId = 'c-1';
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      message.properties.add('colour', 'blue & green');
      await device.sendEvent(message);
      await device.close();
      const [event] = await read(consumer(), deviceId, 1, earliestEventPosition);
      expect(event).toMatchObject({
        body: { n: 1 },
        messageId: 'm-1',
        correlationId: 'c-1',
        properties: { colour: 'blue & green' },
        systemProperties: {
          'iothub-connection-device-id': deviceId,
          'iothub-message-source': 'Telemetry',
        },
      });
    });
  }

  for (const transport of connectedTransports) {
    const proof = {
      capability: 'module: telemetry as readers get it',
      transport,
      authentication: 'key',
    } as const;
    sdkTest(proof, 'the module is named', async () => {
      const deviceId = `module-of-${transport}`;
      await hub.createDevice(deviceId);
      const { responseBody } = await hub.registry.addModule({ deviceId, moduleId: 'camera' });
      const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
      const connectionString = `HostName=${hub.hostName};DeviceId=${deviceId};ModuleId=camera;SharedAccessKey=${key}`;
      const client = moduleClient(transport, connectionString);
      await client.open();
      await client.sendEvent(new commonSdk.Message('{"n":1}'));
      await client.close();
      const [event] = await read(consumer(), deviceId, 1, earliestEventPosition);
      expect(event?.systemProperties).toMatchObject({
        'iothub-connection-device-id': deviceId,
        'iothub-connection-module-id': 'camera',
        'iothub-connection-auth-method':
          '{"scope":"module","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
      });
    });
  }

  sdkTest({ ...amqp, capability: 'Event Hubs: events of the hub' }, 'a routed twin change', async () => {
    const deviceId = 'routed';
    await hub.createDevice(deviceId);
    await hub.registry.updateTwin(deviceId, { tags: { site: 'north' } }, '*');
    const [event] = await read(consumer(), deviceId, 1, earliestEventPosition);
    expect(event).toMatchObject({
      body: { tags: { site: 'north' } },
      properties: {
        opType: 'updateTwin',
        hubName: hub.hostName,
        deviceId,
        'iothub-message-schema': 'twinChangeNotification',
      },
      systemProperties: { 'iothub-message-source': 'twinChangeEvents' },
    });
  });

  sdkTest({ ...amqp, capability: 'Event Hubs: last enqueued event' }, 'known with each event', async () => {
    const deviceId = 'metrics';
    await send(await hub.createDevice(deviceId), ['1', '2']);
    const client = consumer();
    const seen = Promise.withResolvers<unknown>();
    const subscription = client.subscribe(
      {
        async processEvents(events, { lastEnqueuedEventProperties }) {
          const mine = events.some((event) => event.systemProperties?.['iothub-connection-device-id'] === deviceId);
          if (mine) seen.resolve(lastEnqueuedEventProperties);
        },
        async processError(error) {
          seen.reject(error);
        },
      },
      { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true },
    );
    const last = await seen.promise;
    expect(last).toMatchObject({
      sequenceNumber: expect.any(Number) as number,
      offset: expect.any(String) as string,
      enqueuedOn: expect.any(Date) as Date,
      retrievedOn: expect.any(Date) as Date,
    });
    await subscription.close();
  });

  sdkTest({ ...amqp, capability: 'Event Hubs: consumer groups' }, 'readers of two groups; an unknown one', async () => {
    const deviceId = 'groups';
    await send(await hub.createDevice(deviceId), ['1']);
    const readings = [consumer(), consumer(), consumer(ways[0], group), consumer(ways[0], group.toUpperCase())].map(
      (client) => read(client, deviceId, 1, earliestEventPosition),
    );
    for (const events of await Promise.all(readings)) expect(bodies(events)).toEqual([1]);
    await expect(read(consumer(ways[0], 'nobody'), deviceId, 1, earliestEventPosition)).rejects.toMatchObject({
      code: 'MessagingEntityNotFoundError',
    });
  });

  sdkTest(
    { ...amqp, capability: 'Event Hubs: ownership' },
    'a higher owner level takes over, a lower one is refused',
    async () => {
      const owner = consumer(ways[0], group);
      const displaced = Promise.withResolvers<unknown>();
      const attached = Promise.withResolvers<void>();
      owner.subscribe(
        '0',
        {
          processEvents: async () => attached.resolve(),
          processError: async (error) => displaced.resolve(error),
        },
        { ownerLevel: 1, startPosition: latestEventPosition, maxWaitTimeInSeconds: 1 },
      );
      await attached.promise;
      const refused = Promise.withResolvers<unknown>();
      consumer(ways[0], group).subscribe(
        '0',
        { processEvents: async () => undefined, processError: async (error) => refused.resolve(error) },
        { ownerLevel: 0, startPosition: latestEventPosition },
      );
      expect(await refused.promise).toMatchObject({ code: 'ReceiverDisconnectedError' });
      consumer(ways[0], group).subscribe(
        '0',
        { processEvents: async () => undefined, processError: async () => undefined },
        { ownerLevel: 2, startPosition: latestEventPosition },
      );
      expect(await displaced.promise).toMatchObject({ code: 'ReceiverDisconnectedError' });
    },
  );

  sdkTest({ ...amqp, capability: 'Event Hubs: limits' }, 'the sixth reader of a partition is refused', async () => {
    const reading = Array.from({ length: 5 }, () => {
      const attached = Promise.withResolvers<void>();
      const client = consumer(ways[0], group);
      client.subscribe(
        '1',
        { processEvents: async () => attached.resolve(), processError: async (error) => attached.reject(error) },
        { startPosition: latestEventPosition, maxWaitTimeInSeconds: 1 },
      );
      return attached.promise;
    });
    await Promise.all(reading);
    const refused = Promise.withResolvers<unknown>();
    consumer(ways[0], group).subscribe(
      '1',
      { processEvents: async () => undefined, processError: async (error) => refused.resolve(error) },
      { startPosition: latestEventPosition },
    );
    expect(await refused.promise).toMatchObject({ code: 'QuotaExceededError' });
  });

  sdkTest(
    { ...amqp, capability: 'Event Hubs: redirect' },
    'from a connection string of the hub to the endpoint',
    async () => {
      const { hostName, policy, key } = ownerOf(hub);
      const token = commonSdk.SharedAccessSignature.create(
        `${hostName}/messages/events`,
        policy,
        key,
        Date.now() / 1_000 + 300,
      );
      const connection = rhea.create_container().connect({
        transport: 'tls',
        host: hostName,
        hostname: hostName,
        port: 5671,
        username: `${policy}@sas.root.${hostName.split('.')[0]}`,
        password: token.toString(),
        reconnect: false,
      });
      const error = await new Promise<{ condition: string; info: Record<string, unknown> }>((resolve, reject) => {
        connection.on('connection_open', () => {
          connection.open_receiver({ source: { address: `amqps://${hostName}/messages/events/$management` } });
        });
        connection.on('receiver_error', ({ receiver }: EventContext) => resolve(receiver?.error as never));
        connection.on('disconnected', () => reject(new Error('disconnected')));
      });
      connection.close();
      expect(error.condition).toBe('amqp:link:redirect');
      const [, entity] = /:\d+\/(.*)\/\$management/.exec(String(error.info['address'])) ?? [];
      const found = `Endpoint=sb://${String(error.info['hostname'])}/;EntityPath=${entity};SharedAccessKeyName=${policy};SharedAccessKey=${key}`;
      const client = new EventHubConsumerClient('$Default', found, { retryOptions });
      open.push(client);
      expect(await client.getPartitionIds()).toHaveLength(partitionCount);
    },
  );

  sdkTest({ ...amqp, capability: 'Event Hubs: read only' }, 'sending events is refused', async () => {
    const producer = new EventHubProducerClient(hub.info.eventHubConnectionString ?? '', { retryOptions });
    open.push(producer);
    await expect(producer.sendBatch([{ body: 'forged' }])).rejects.toMatchObject({ code: 'UnauthorizedError' });
  });

  sdkTest({ ...amqp, capability: 'Event Hubs: refusals' }, 'a wrong key', async () => {
    const good = hub.info.eventHubConnectionString ?? '';
    const bad = good.replace(/SharedAccessKey=[^;]*/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const client = new EventHubConsumerClient('$Default', bad, { retryOptions });
    open.push(client);
    await expect(client.getPartitionIds()).rejects.toMatchObject({ code: 'UnauthorizedError' });
  });
});
