import { expect, it } from 'vitest';
import { eventHubConnectionString, hubCreatedAt } from '../../src/hub/event-hub-endpoint.ts';
import type { HubInfo } from '../../src/hub/index.ts';
import type { JsonValue } from '../../src/std/json.ts';

const policies = [
  { name: 'service', permissions: ['ServiceConnect'], primaryKey: 'a2V5', secondaryKey: 'a2V5' },
] as const;

function ports(more: Partial<HubInfo['ports']>): HubInfo['ports'] {
  return { mqtt: null, mqtts: null, amqp: null, amqps: null, http: null, https: null, operations: null, ...more };
}

it('when plain AMQP is spoken, then it is read over that, on this machine', () => {
  const info = { hostName: 'plant.example', ports: ports({ amqp: 5672, amqps: 5671 }) };
  expect(eventHubConnectionString(info, policies)).toBe(
    'Endpoint=sb://localhost:5672;SharedAccessKeyName=service;SharedAccessKey=a2V5;EntityPath=plant;UseDevelopmentEmulator=true',
  );
});

it('when AMQP is spoken over TLS alone, then it is read over that; when not at all, then nowhere', () => {
  const info = { hostName: '127.1.2.3', ports: ports({ amqps: 5671 }) };
  expect(eventHubConnectionString(info, policies)).toBe(
    'Endpoint=sb://127.1.2.3:5671/;SharedAccessKeyName=service;SharedAccessKey=a2V5;EntityPath=127.1.2.3',
  );
  expect(eventHubConnectionString({ ...info, ports: ports({}) }, policies)).toBeNull();
});

it('when a hub starts again, then it is as old as at its first start', async () => {
  const settings = new Map<string, JsonValue>();
  const store = {
    readSetting: async (name: string) => settings.get(name),
    writeSetting: async (name: string, value: JsonValue) => void settings.set(name, value),
  };
  expect(await hubCreatedAt(store, 1_000)).toBe(1_000);
  expect(await hubCreatedAt(store, 2_000)).toBe(1_000);
});
