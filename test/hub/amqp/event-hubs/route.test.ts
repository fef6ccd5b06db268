import { describe, expect, it, onTestFinished } from 'vitest';
import { AppendGate } from '../../../../src/hub/append-gate.ts';
import { createMemoryBudget } from '../../../../src/hub/memory-budget.ts';
import { Paces } from '../../../../src/hub/pace.ts';
import { defaultAmqpLimits } from '../../../../src/hub/amqp/limits.ts';
import { createEventHubsRoute } from '../../../../src/hub/amqp/event-hubs/index.ts';
import {
  LinkRefusal,
  type AmqpConnection,
  type AmqpError,
  type IncomingLink,
  type LinkRoute,
  type OutgoingLink,
} from '../../../../src/hub/amqp/route.ts';
import { HubError } from '../../../../src/protocol/hub-errors.ts';
import { openCore } from '../../../support/core-fixture.ts';
import { silentLog } from '../../../../src/hub/log.ts';

const claim = { resource: 'sb://localhost/localhost', expiresAt: undefined };

function connection(more: Partial<AmqpConnection> = {}): AmqpConnection {
  const shared = new Map<object, unknown>();
  const made: AmqpConnection = {
    remote: 'test',
    secure: true,
    protocol: 'amqp',
    localPort: 5671,
    hostName: 'hub.example',
    certificates: undefined,
    login: undefined,
    claims: {
      device: () => Promise.reject(new Error('not used')),
      service: async () => claim,
      eventHub: async () => claim,
    },
    shared<Value>(key: { create(connection: AmqpConnection): Value }) {
      if (!shared.has(key)) shared.set(key, key.create(made));
      return shared.get(key) as Value;
    },
    close: () => undefined,
    ...more,
  } as unknown as AmqpConnection;
  return made;
}

function link(address: string, more: Partial<OutgoingLink> = {}): OutgoingLink & IncomingLink {
  return {
    kind: 'outgoing',
    name: 'link',
    address,
    peerAddress: '',
    properties: new Map(),
    desiredCapabilities: [],
    connection: connection(),
    channel: 1,
    isOpen: true,
    detach: () => undefined,
    filter: new Map(),
    settlesSecond: false,
    credit: 0,
    send: () => undefined,
    sendEncoded: () => undefined,
    ...more,
  } as unknown as OutgoingLink & IncomingLink;
}

async function route(): Promise<LinkRoute> {
  const fixture = await openCore({ withLog: true });
  onTestFinished(() => fixture.close());
  const { core, clock, telemetry } = fixture;
  const context = {
    core,
    clock,
    log: silentLog,
    limits: defaultAmqpLimits,
    known: () => undefined,
    unfinished: createMemoryBudget(1_000_000),
    paces: new Paces({ limits: defaultAmqpLimits, clock }),
    gate: new AppendGate(telemetry, silentLog),
  };
  return createEventHubsRoute(context, {
    hostNames: ['hub.example', 'localhost'],
    consumerGroups: ['Mine'],
    createdAt: 0,
    amqpsPort: () => 5_999,
  });
}

/** What the peer hears. */
async function refusalOf(work: unknown): Promise<AmqpError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof LinkRefusal) return error.error;
    throw error;
  }
  throw new Error('the link was not refused');
}

describe('the route of the endpoint', () => {
  it.each(['$cbs', '/devices/d/messages/events', '/messages/serviceBound/feedback', 'other'])(
    'when the address is %s, then it is for another route',
    async (address) => {
      const endpoint = await route();
      expect([endpoint.send?.(link(address)), endpoint.receive?.(link(address))]).toEqual([undefined, undefined]);
    },
  );

  it.each([
    ['unknown/ConsumerGroups/$Default/Partitions/0', 'amqp:not-found'],
    ['hub/ConsumerGroups/nobody/Partitions/0', 'amqp:not-found'],
    ['hub/ConsumerGroups/$Default/Partitions/4', 'com.microsoft:argument-out-of-range'],
    ['unknown/$management', 'amqp:not-found'],
  ])('when a receiver comes for %s, then it hears %s', async (address, condition) => {
    const endpoint = await route();
    expect((await refusalOf(endpoint.send?.(link(address)))).condition).toBe(condition);
  });

  it('when a receiver comes for a group and a partition that are there, in whatever case, then it is let in', async () => {
    const endpoint = await route();
    const opened = await endpoint.send?.(link('HUB/consumergroups/mine/partitions/3'));
    expect(opened?.claim).toBe(claim);
    opened?.closed?.();
  });

  it('when its filter is not understood or lies beyond the end, then it is refused', async () => {
    const endpoint = await route();
    const address = 'localhost/ConsumerGroups/$Default/Partitions/0';
    for (const text of ['what is this', "amqp.annotation.x-opt-sequence-number > '7'"]) {
      const filter = new Map([['apache.org:selector-filter:string', text]]);
      expect((await refusalOf(endpoint.send?.(link(address, { filter })))).condition).toBe(
        'com.microsoft:argument-error',
      );
    }
  });

  it('when the connection has no token, then nothing is told, not even whether the entity is there', async () => {
    const endpoint = await route();
    const denied = new HubError('IotHubUnauthorizedAccess', 'Unauthorized');
    const stranger = connection({
      claims: {
        device: () => Promise.reject(denied),
        service: () => Promise.reject(denied),
        eventHub: () => Promise.reject(denied),
      },
    });
    for (const address of ['unknown/ConsumerGroups/x/Partitions/9', '$management', '/messages/events/$management'])
      await expect(endpoint.send?.(link(address, { connection: stranger }))).rejects.toBe(denied);
    await expect(endpoint.receive?.(link('hub', { connection: stranger }))).rejects.toBe(denied);
  });

  it('when somebody wants to send events, then that is refused', async () => {
    const endpoint = await route();
    for (const address of ['hub', 'localhost/Partitions/1'])
      expect((await refusalOf(endpoint.receive?.(link(address)))).condition).toBe('amqp:unauthorized-access');
  });

  it.each([
    ['TLS', {}, 'amqps://hub.example:5671/hub/$management', 5_671],
    ['plain AMQP', { secure: false, localPort: 5_672 }, 'amqp://hub.example:5672/hub/$management', 5_672],
    ['a WebSocket', { protocol: 'amqp-ws', localPort: undefined }, 'amqps://hub.example:5999/hub/$management', 5_999],
  ] as const)(
    'when a back end asks the hub itself over %s, then it is sent to the endpoint',
    async (_way, more, address, port) => {
      const endpoint = await route();
      const error = await refusalOf(
        endpoint.send?.(link('/messages/events/$management', { connection: connection(more) })),
      );
      expect(error.condition).toBe('amqp:link:redirect');
      expect(Object.fromEntries(error.info ?? [])).toEqual({
        hostname: 'hub.example',
        'network-host': 'hub.example',
        port: { type: 'int', value: port },
        address,
      });
    },
  );
});
