import { expect, test } from 'vitest';
import { createCounters, countingGatekeeper } from '../../../src/hub/operations/counting.ts';
import { metricNames } from '../../../src/hub/operations/metrics.ts';
import { createOperations, type Operations } from '../../../src/hub/operations/operations.ts';
import type { OperationsSources } from '../../../src/hub/operations/sources.ts';
import type { Gatekeeper } from '../../../src/hub/core/services.ts';
import { HubError } from '../../../src/protocol/hub-errors.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function open(changes: Partial<OperationsSources> = {}) {
  const clock = fakeClock();
  const sources: OperationsSources = {
    version: '1.2.3',
    counters: createCounters(),
    devices: async () => ({ total: 5, enabled: 3, connected: 2 }),
    sessions: () => 4,
    ports: () => [{ name: 'mqtts', open: 7, accepted: 9 }],
    door: () => {
      const none = { full: 0, strangers: 0, address: 0, handshakes: 0 };
      return { open: 7, strangers: 1, refused: { ...none, address: 3 }, evicted: none };
    },
    unfinished: () => ({ held: 12, refused: 2 }),
    telemetry: async () => ({
      partitions: 4,
      messages: 100,
      bytes: 5_000,
      oldestTime: 1_000,
      newestTime: 2_500,
      followers: 3,
    }),
    storedMessages: async () => 150,
    disk: async () => ({ free: 10, size: 20 }),
    certificates: [{ name: 'server', expires: 4_000 }],
    checks: { registry: async () => undefined },
    ...changes,
  };
  return { operations: createOperations(sources, clock), clock, sources };
}

async function metricsOf(operations: Operations): Promise<readonly string[]> {
  const answer = await operations.answer('/metrics');
  expect(answer).toMatchObject({ status: 200, contentType: expect.stringContaining('text/plain') as string });
  return answer?.body.split('\n') ?? [];
}

test('tells Prometheus what the hub has, in seconds and bytes', async () => {
  const { operations, sources } = open();
  sources.counters.commands.add({ result: 'answered' });
  sources.counters.slowed = 6;
  sources.counters.commands.add({ result: 'answered' });
  const lines = await metricsOf(operations);
  for (const line of [
    'iotctl_devices{status="enabled"} 3',
    'iotctl_devices{status="disabled"} 2',
    'iotctl_devices_connected 2',
    'iotctl_sessions 4',
    'iotctl_connections{port="mqtts"} 7',
    'iotctl_connections_accepted_total{port="mqtts"} 9',
    'iotctl_connections_strangers 1',
    'iotctl_connections_refused_total{limit="address"} 3',
    'iotctl_connections_slowed_total 6',
    'iotctl_unfinished_bytes 12',
    'iotctl_telemetry_followers 3',
    'iotctl_commands_total{result="answered"} 2',
    'iotctl_telemetry_messages_stored_total 150',
    'iotctl_telemetry_log_bytes 5000',
    'iotctl_telemetry_newest_timestamp_seconds 2.5',
    'iotctl_certificate_expiry_timestamp_seconds{name="server"} 4',
    'iotctl_ready{check="registry"} 1',
    'iotctl_build_info{version="1.2.3"} 1',
  ])
    expect(lines).toContain(line);
});

test('asked twice at once, tells each what is, and not the sum', async () => {
  const { operations, sources } = open();
  sources.counters.commands.add({ result: 'answered' });
  for (const lines of await Promise.all([metricsOf(operations), metricsOf(operations), metricsOf(operations)]))
    expect(lines).toContain('iotctl_commands_total{result="answered"} 1');
});

test('measures answers from the first asking on', async () => {
  const { operations } = open();
  const request = { method: 'GET', route: '/devices/:id', status: 200, seconds: 0.01 };
  operations.answered(request);
  await metricsOf(operations);
  operations.answered(request);
  expect(await metricsOf(operations)).toContain(
    'iotctl_http_request_duration_seconds_count{method="GET",route="/devices/:id",status="200"} 1',
  );
});

test('keeps to the conventions of names', () => {
  for (const [name, [kind, help]] of Object.entries(metricNames)) {
    expect(name).toMatch(/^iotctl_[a-z0-9_]+$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    expect(help).toMatch(/^[A-Z1].*\.$/);
  }
});

function silent(): Promise<never> {
  return new Promise(() => undefined);
}

test('a part that does not answer leaves its own metrics out, and shows in readiness', async () => {
  const { operations, clock } = open({ devices: silent, checks: { registry: silent } });
  const asked = metricsOf(operations);
  // The package is loaded first; the questions are asked, and their timers set, after that.
  await expect.poll(() => clock.pending).toBeGreaterThan(0);
  await clock.advance(2_500);
  const lines = await asked;
  expect(lines).toContain('iotctl_sessions 4');
  expect(lines).toContain('iotctl_ready{check="registry"} 0');
  expect(lines.some((line) => line.startsWith('iotctl_devices_connected '))).toBe(false);
});

test('is healthy while it turns, ready while its checks hold and it does not stop', async () => {
  let fault: string | undefined;
  const { operations } = open({ checks: { disk: async () => fault, registry: async () => undefined } });
  const ready = async () => {
    const answer = await operations.answer('/readyz');
    return [answer?.status, JSON.parse(answer?.body ?? '') as unknown];
  };
  expect(await operations.answer('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
  expect(await ready()).toEqual([200, { status: 'ready', checks: { disk: 'ok', registry: 'ok', running: 'ok' } }]);
  fault = 'less than 64 MB are free';
  expect(await ready()).toEqual([
    503,
    expect.objectContaining({ status: 'not-ready', checks: { disk: fault, registry: 'ok', running: 'ok' } }),
  ]);
  fault = undefined;
  operations.stopping();
  expect(await ready()).toMatchObject([503, { checks: { running: 'the hub is stopping' } }]);
  expect(await operations.answer('/healthz')).toMatchObject({ status: 200 });
  expect(await operations.answer('/other')).toBeUndefined();
});

test('counts what the gatekeeper decides', async () => {
  const counters = createCounters();
  const failure = [new HubError('IotHubUnauthorized', 'no'), new Error('disk')];
  const gatekeeper = countingGatekeeper(
    {
      authenticateDevice: async () => Promise.reject(failure.shift() ?? new Error('more')),
      authorizeService: async () => ({ policy: 'service', expiresAt: 0 }),
    } as unknown as Gatekeeper,
    counters,
  );
  await expect(gatekeeper.authenticateDevice({ identity: 'a' })).rejects.toThrow('no');
  await expect(gatekeeper.authenticateDevice({ identity: 'a' })).rejects.toThrow('disk');
  await gatekeeper.authorizeService({ token: undefined, resource: '/', anyOf: [] });
  expect(counters.authentications.read()).toEqual([
    { labels: { caller: 'device', result: 'refused' }, count: 1 },
    { labels: { caller: 'device', result: 'failed' }, count: 1 },
    { labels: { caller: 'service', result: 'accepted' }, count: 1 },
  ]);
});
