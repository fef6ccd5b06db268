import { expect, test } from 'vitest';
import { Failure } from '../../../../src/errors/index.ts';
import { measureGate } from '../../../../src/fleet/rollout/gates/index.ts';
import type { GateSubject, RunProgram } from '../../../../src/fleet/rollout/gates/index.ts';
import { gateSchema } from '../../../../src/fleet/rollout/model/spec.ts';
import type { TelemetryMessage } from '../../../../src/protocol/telemetry/index.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { batch, memoryHub, message, type MemoryHub } from '../../../support/memory-hub.ts';

const clock = fakeClock();

function subject(updated: readonly string[], control: readonly string[] = []): GateSubject {
  return { rolloutId: 'pump-2', firmwareVersion: '2.0.0', wave: 1, updated, control };
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

function fleetOf(good: readonly string[], bad: readonly string[], rollout?: string): MemoryHub {
  const hub = memoryHub();
  const mark = rollout === undefined ? {} : { firmware: { rollout } };
  for (const name of good) hub.add(name, { ok: true, ...mark });
  for (const name of bad) hub.add(name, { ok: false, ...mark });
  return hub;
}

test('a twin gate is the share of the updated devices that meet its condition', async () => {
  const hub = fleetOf(['a', 'b', 'c', 'other'], ['d']);
  const gate = gateSchema.parse({
    name: 'healthy',
    twin: { where: "tags.ok = true OR tags.ok = 'yes'" },
    pass: '>= 0.9',
  });
  expect(await measureGate(gate, subject(['a', 'b', 'c', 'd']), { hub, clock })).toEqual({
    at: clock.now(),
    value: 0.75,
    verdict: 'fail',
    note: '3 of 4 devices',
  });
  expect(hub.queriesRun).toHaveLength(1);
});

test('a device that is named like a condition stays a name', async () => {
  const name = "x' OR 'a' = 'a";
  const hub = fleetOf(['good'], [name]);
  const gate = gateSchema.parse({ name: 'healthy', twin: { where: 'tags.ok = true' }, pass: '>= 1' });
  expect(await measureGate(gate, subject([name]), { hub, clock })).toMatchObject({ value: 0, verdict: 'fail' });
});

test('a large wave is asked for with one query, by its mark', async () => {
  const updated = names('d', 250);
  const hub = fleetOf(updated.slice(0, 200), updated.slice(200), 'pump-2');
  hub.add('elsewhere', { ok: true, firmware: { rollout: 'other' } });
  const gate = gateSchema.parse({ name: 'healthy', twin: { where: 'tags.ok = true' }, pass: '>= 0.8' });
  expect(await measureGate(gate, subject(updated), { hub, clock })).toMatchObject({ value: 0.8, verdict: 'pass' });
  expect(hub.queriesRun).toEqual([
    "SELECT deviceId FROM devices WHERE tags.firmware.rollout = 'pump-2' AND (tags.ok = true)",
  ]);
});

test('a twin gate compares with the devices that are not updated', async () => {
  const updated = names('new', 150);
  const control = names('old', 100);
  const hub = fleetOf([...updated.slice(0, 75), ...control.slice(0, 80)], [...updated.slice(75), ...control.slice(80)]);
  const gate = gateSchema.parse({
    name: 'faults',
    twin: { where: 'tags.ok = true' },
    pass: '>= 0.95 * control',
    fail: '< 0.5 * control',
  });
  expect(await measureGate(gate, subject(updated, control), { hub, clock })).toMatchObject({
    value: 0.5,
    control: 0.8,
    verdict: 'inconclusive',
  });
  expect(hub.queriesRun).toHaveLength(1);
});

test('without devices to look at, or to compare with, a gate says so', async () => {
  const hub = memoryHub();
  const gate = gateSchema.parse({ name: 'g', telemetry: { field: 'x', aggregate: 'avg' }, pass: '<= 1.1 * control' });
  expect(await measureGate(gate, subject([]), { hub, clock })).toMatchObject({
    verdict: 'inconclusive',
    note: 'no device of the wave is updated',
  });
  expect(await measureGate(gate, subject(['a']), { hub, clock })).toMatchObject({
    verdict: 'inconclusive',
    note: 'no device is left to compare with',
  });
  expect(hub.telemetryRequests).toEqual([]);
});

function telemetryOf(hub: MemoryHub, messages: readonly TelemetryMessage[], lost = 0): void {
  hub.onRead = async function* () {
    for (let at = 0; at < messages.length; at += 3) yield batch(messages.slice(at, at + 3));
    yield batch([], { lost });
  };
}

test.each([
  ['avg', 30, 20],
  ['min', 20, 10],
  ['max', 40, 30],
] as const)('telemetry: %s of a field, and of the control group', async (aggregate, value, control) => {
  const hub = memoryHub();
  telemetryOf(hub, [
    message('a', 0, { engine: { temperature: 20 } }),
    message('b', 1, { engine: { temperature: 40 } }),
    message('a', 2, { engine: { temperature: 'hot' } }),
    message('a', 3, { other: 1 }),
    message('old', 4, { engine: { temperature: 10 } }),
    message('old', 5, { engine: { temperature: 30 } }),
    message('stranger', 6, { engine: { temperature: 999 } }),
  ]);
  const gate = gateSchema.parse({
    name: 'heat',
    telemetry: { field: 'engine.temperature', aggregate, over: '10m' },
    pass: '<= 2 * control',
  });
  expect(await measureGate(gate, subject(['a', 'b'], ['old']), { hub, clock })).toEqual({
    at: clock.now(),
    value,
    control,
    verdict: 'pass',
    note: '1 values were no numbers',
  });
  expect(hub.telemetryRequests).toMatchObject([
    { from: { time: clock.now() - 600_000 }, until: clock.now(), follow: false, devices: ['a', 'b', 'old'] },
  ]);
});

test('telemetry: rate is messages per device and minute, silent devices among them', async () => {
  const hub = memoryHub();
  telemetryOf(
    hub,
    Array.from({ length: 40 }, (_, index) => message(index % 2 === 0 ? 'a' : 'b', index, 'text')),
  );
  const gate = gateSchema.parse({ name: 'alive', telemetry: { aggregate: 'rate', over: 300 }, pass: '>= 2' });
  expect(await measureGate(gate, subject(['a', 'b', 'c', 'd']), { hub, clock })).toMatchObject({
    value: 2,
    verdict: 'pass',
  });
});

test('telemetry: a count is of the messages that hold the field, the control group’s brought to the same size', async () => {
  const hub = memoryHub();
  telemetryOf(hub, [
    message('a', 0, { error: 'E1' }),
    message('a', 1, { temperature: 1 }),
    message('old-0', 2, { error: 'E1' }),
    message('old-1', 3, { error: null }),
    message('old-2', 4, { error: 'E2' }),
  ]);
  const gate = gateSchema.parse({
    name: 'errors',
    telemetry: { field: 'error', aggregate: 'count' },
    pass: '<= 1 * control',
  });
  expect(await measureGate(gate, subject(['a'], names('old', 4)), { hub, clock })).toMatchObject({
    value: 1,
    control: 0.5,
    verdict: 'fail',
  });
});

test('telemetry: a p95 needs values enough', async () => {
  const hub = memoryHub();
  const gate = gateSchema.parse({ name: 'slow', telemetry: { field: 'ms', aggregate: 'p95' }, pass: '<= 95' });
  const measure = async (count: number) => {
    telemetryOf(
      hub,
      Array.from({ length: count }, (_, index) => message('a', index, { ms: index + 1 })),
    );
    return measureGate(gate, subject(['a']), { hub, clock });
  };
  expect(await measure(19)).toMatchObject({ verdict: 'inconclusive', note: 'too few values: 19 of at least 20' });
  expect(await measure(100)).toMatchObject({ verdict: 'pass', value: 95 });
});

test('telemetry: no values, and messages that the hub no longer keeps, are inconclusive', async () => {
  const hub = memoryHub();
  const gate = gateSchema.parse({ name: 'heat', telemetry: { field: 'x', aggregate: 'avg' }, pass: '<= 1' });
  telemetryOf(hub, [message('a', 0, { y: 1 })]);
  expect(await measureGate(gate, subject(['a']), { hub, clock })).toMatchObject({
    verdict: 'inconclusive',
    note: 'too few values: 0',
  });
  telemetryOf(hub, [message('a', 0, { x: 1 })], 7);
  expect(await measureGate(gate, subject(['a']), { hub, clock })).toMatchObject({
    verdict: 'inconclusive',
    note: 'the hub no longer keeps 7 of the messages',
  });
});

test('a hub is read by one gate at a time', async () => {
  const hub = memoryHub();
  let reading = 0;
  let most = 0;
  hub.onRead = async function* () {
    most = Math.max(most, ++reading);
    await new Promise((resolve) => setImmediate(resolve));
    yield batch([message('a', 0, { x: 1 })]);
    reading--;
  };
  const gate = gateSchema.parse({ name: 'heat', telemetry: { field: 'x', aggregate: 'avg' }, pass: '<= 1' });
  await Promise.all(Array.from({ length: 5 }, () => measureGate(gate, subject(['a']), { hub, clock })));
  expect(most).toBe(1);
});

test('a failure that another try may mend is the caller’s; any other is a note', async () => {
  const hub = memoryHub();
  const gate = gateSchema.parse({ name: 'heat', telemetry: { field: 'x', aggregate: 'avg' }, pass: '<= 1' });
  hub.onRead = () => {
    throw new Failure('hub-unreachable', 'the hub is away', { retryable: true });
  };
  await expect(measureGate(gate, subject(['a']), { hub, clock })).rejects.toThrow('the hub is away');
  hub.onRead = () => {
    throw new Failure('unsupported', 'there is no telemetry here');
  };
  expect(await measureGate(gate, subject(['a']), { hub, clock })).toMatchObject({
    verdict: 'inconclusive',
    note: 'there is no telemetry here',
  });
});

const command = gateSchema.parse({ name: 'smoke test', command: ['check', '--fast'], timeout: '5m' });

test.each([
  [{ kind: 'exited', code: 0, lastLine: 'fine' }, 'pass', 'fine'],
  [{ kind: 'exited', code: 1, lastLine: '\u001b[31mthree\u001b[0m\u0007 errors\u202e' }, 'fail', 'three errors'],
  [{ kind: 'exited', code: 2, lastLine: 'who knows' }, 'inconclusive', 'who knows'],
  [{ kind: 'exited', code: 99, lastLine: 'x'.repeat(500) }, 'inconclusive', `${'x'.repeat(199)}…`],
  [{ kind: 'timed-out', reason: 'it took longer than 60 s' }, 'inconclusive', 'it took longer than 60 s'],
] as const)('a command that ends as %o: %s', async (end, verdict, note) => {
  const calls: Parameters<RunProgram>[] = [];
  const runProgram: RunProgram = async (...call) => {
    calls.push(call);
    return end;
  };
  const measured = await measureGate(command, subject(['a']), { hub: memoryHub(), clock, runProgram });
  expect(measured).toEqual({ at: clock.now(), verdict, note });
  expect(calls).toMatchObject([
    [
      ['check', '--fast'],
      {
        env: {
          IOTCTL_ROLLOUT: 'pump-2',
          IOTCTL_WAVE: '2',
          IOTCTL_GATE: 'smoke test',
          IOTCTL_FIRMWARE_VERSION: '2.0.0',
        },
        timeoutMs: 300_000,
      },
    ],
  ]);
});

test('a controller that may not run commands says so', async () => {
  expect(await measureGate(command, subject(['a']), { hub: memoryHub(), clock })).toMatchObject({
    verdict: 'inconclusive',
    note: 'this controller is not allowed to run commands',
  });
});
