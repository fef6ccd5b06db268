import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allocate } from '../../../../src/hub/core/provisioning/allocation.ts';
import type { AllocationWebhook } from '../../../../src/hub/core/provisioning/ports.ts';
import { mapHub, openProvisioning, type ProvisioningFixture } from './fixture.ts';

const table = (remote: string | undefined, host: string) => (remote === '10.0.0.1' ? { a: 40, b: 5 }[host] : undefined);
const noTable = (): undefined => undefined;
const device = (registrationId: string, remote?: string) => ({ registrationId, remote });

describe('allocation without a webhook', () => {
  const [a, b, c] = [mapHub('a'), mapHub('b'), mapHub('c', 2)];

  it('when hashed, then each hub gets its share by weight, always the same devices', () => {
    const counts = new Map<string, number>();
    for (let number = 0; number < 4_000; number++) {
      const name = allocate('hashed', device(`device-${number}`), [a, b, c], noTable).hub?.hostName ?? '';
      expect(allocate('hashed', device(`DEVICE-${number}`), [c, a, b], noTable).hub?.hostName).toBe(name);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(counts.get('a')).toBeGreaterThan(850);
    expect(counts.get('b')).toBeGreaterThan(850);
    expect(counts.get('c')).toBeGreaterThan(1_800);
  });

  it('when a hub goes, then only its own devices move', () => {
    for (let number = 0; number < 500; number++) {
      const before = allocate('hashed', device(`device-${number}`), [a, b, c], noTable).hub;
      const after = allocate('hashed', device(`device-${number}`), [a, b], noTable).hub;
      if (before !== c) expect(after).toBe(before);
    }
  });

  it('when static, then the first', () => {
    expect(allocate('static', device('x'), [b, a], noTable).hub).toBe(b);
  });

  it('when by latency, then the nearest of those the table knows, else by hash', () => {
    expect(allocate('geoLatency', device('x', '10.0.0.1'), [a, b, c], table).hub).toBe(b);
    expect(allocate('geoLatency', device('x', '10.0.0.2'), [a], table)).toMatchObject({ hub: a });
  });
});

describe('allocation by a webhook', () => {
  let fixture: ProvisioningFixture;
  let key: string;
  let answer: AllocationWebhook;
  let asked: unknown[];
  beforeEach(async () => {
    asked = [];
    fixture = await openProvisioning({
      webhook: (request) => {
        asked.push(request.body);
        return answer(request);
      },
    });
    key = fixture.newKey();
    await fixture.service.enrollments.put(
      'r1',
      {
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
        allocationPolicy: 'custom',
        customAllocationDefinition: { webhookUrl: 'https://allocate.example/', apiVersion: '2021-10-01' },
        initialTwin: { tags: { from: 'enrollment' } },
      },
      undefined,
    );
  });
  afterEach(() => fixture.close());

  const says = (status: number, body: unknown): void => {
    answer = async () => ({ status, text: typeof body === 'string' ? body : JSON.stringify(body) });
  };
  const register = async (payload?: string) =>
    fixture.register(await fixture.token('r1', key), payload === undefined ? {} : { payload });

  it('asks with the enrollment, the device and the hubs, and without a key', async () => {
    says(200, { iotHubHostName: 'own.hub', initialTwin: { tags: { from: 'webhook' } }, payload: { go: 1 } });
    const state = await register('hello');
    expect(state).toMatchObject({ status: 'assigned', assignedHub: 'own.hub', payload: { go: 1 } });
    expect(asked).toMatchObject([
      {
        individualEnrollment: { registrationId: 'r1' },
        deviceRuntimeContext: { registrationId: 'r1', payload: 'hello' },
        linkedHubs: ['own.hub'],
      },
    ]);
    expect(JSON.stringify(asked)).not.toContain(key);
    expect((await fixture.core.core.twins.get('r1')).tags).toEqual({ from: 'webhook' });
  });

  it.each([
    ['names another hub', 200, { iotHubHostName: 'far.hub' }, 400208],
    ['names none', 200, {}, 400208],
    ['is no JSON', 200, 'hello', 400207],
    ['gives a twin that is none', 200, { iotHubHostName: 'own.hub', initialTwin: { tags: 'x' } }, 400207],
    ['fails', 500, {}, 400207],
    ['redirects', 302, {}, 400207],
  ])('when the answer %s, then the registration fails and says so', async (_name, status, body, errorCode) => {
    says(status, body);
    expect(await register()).toMatchObject({ status: 'failed', errorCode });
    expect((await fixture.core.core.registry.list(10)).length).toBe(0);
  });

  it('when nothing answers, then the registration fails', async () => {
    answer = () => Promise.reject(new Error('no answer in time'));
    expect((await register()).errorMessage).toContain('no answer in time');
  });

  it('when it takes its time, then a device that asks again joins the registration under way', async () => {
    const held = Promise.withResolvers<void>();
    answer = () => held.promise.then(() => ({ status: 200, text: '{"iotHubHostName":"own.hub"}' }));
    const credentials = await fixture.token('r1', key);
    const first = await fixture.service.devices.register(credentials);
    const second = await fixture.service.devices.register(credentials);
    expect(second.operation.operationId).toBe(first.operation.operationId);
    expect(second).toMatchObject({ retryAfter: 1, operation: { status: 'assigning' } });
    held.resolve();
    expect((await fixture.register(credentials)).status).toBe('assigned');
  });
});
