import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeSession, openCore, senderOf, type CoreFixture, type FakeSession } from '../../../support/core-fixture.ts';

let fixture: CoreFixture;
let session: FakeSession;

beforeEach(async () => {
  fixture = await openCore({ withLog: true });
  await fixture.core.registry.put('pump', { deviceId: 'pump' }, undefined);
  session = fakeSession(await senderOf(fixture, 'pump'));
  fixture.core.sessions.attach(session);
});

afterEach(() => fixture.close());

/** Sends a message; the outcome is undefined until there is one, null when it was stored. */
function send(): { outcome: Error | null | undefined } {
  const result: { outcome: Error | null | undefined } = { outcome: undefined };
  const { clock, core } = fixture;
  core.telemetry.append(session.sender, clock.now(), '', Buffer.from('1'), (error) => (result.outcome = error ?? null));
  return result;
}

const stored = async (): Promise<number> => (await fixture.core.telemetry.stats()).messages;

it('a message that is dropped is neither stored nor answered', async () => {
  fixture.core.faults.add({ kind: 'drop', device: 'pump' });
  const dropped = send();
  fixture.core.faults.clear();
  const next = send();
  await expect.poll(() => next.outcome).toBe(null);
  expect(dropped.outcome).toBeUndefined();
  expect(await stored()).toBe(1);
});

it('a message that is delayed is stored later, as it was', async () => {
  fixture.core.faults.add({ kind: 'delay', delayMs: 500 });
  const delayed = send();
  await fixture.clock.advance(499);
  expect(await stored()).toBe(0);
  await fixture.clock.advance(1);
  await expect.poll(() => delayed.outcome).toBe(null);
});

it('messages that came together are dropped, delayed and stored one by one', async () => {
  const { core, clock } = fixture;
  const outcomes: unknown[] = [];
  const run = { buffer: Buffer.from('..abc'), count: 3, bounds: Uint32Array.of(2, 3, 3, 4, 4, 5, 99, 99) };
  const append = (): void =>
    void core.telemetry.appendRun(session.sender, clock.now(), '', run, (first, count, outcome) =>
      outcomes.push([first, count, outcome]),
    );
  core.faults.add({ kind: 'drop' });
  append();
  expect(outcomes.splice(0)).toEqual([0, 1, 2].map((first) => [first, 1, 'dropped']));
  core.faults.clear();
  core.faults.add({ kind: 'delay', delayMs: 500 });
  append();
  core.faults.clear();
  append();
  await expect.poll(() => outcomes.splice(0)).toEqual([[0, 3, 'stored']]);
  await clock.advance(500);
  await expect.poll(() => outcomes.length).toBe(3);
  expect(outcomes).toEqual([0, 1, 2].map((first) => [first, 1, 'stored']));
  expect(await stored()).toBe(6);
});

it('a disconnect ends the session and refuses the message', async () => {
  fixture.core.faults.add({ kind: 'disconnect' });
  expect(send().outcome).toMatchObject({ symbol: 'ServiceUnavailable' });
  expect(session.ends).toEqual(['fault']);
  expect(fixture.core.sessions.find('pump')).toBeUndefined();
});

it('a device that is refused may try again when the fault is over', async () => {
  fixture.core.faults.add({ kind: 'refuse', device: 'pump', forMs: 1_000 });
  await expect(senderOf(fixture, 'pump')).rejects.toMatchObject({ symbol: 'ServiceUnavailable' });
  await fixture.clock.advance(1_000);
  await expect(senderOf(fixture, 'pump')).resolves.toMatchObject({ deviceId: 'pump' });
});

it('notices of changed twins are lost or late', async () => {
  const { faults, twins } = fixture.core;
  const change = (value: number) => twins.patch('pump', { properties: { desired: { value } } }, undefined);
  faults.add({ kind: 'drop' });
  await change(1);
  faults.clear();
  faults.add({ kind: 'delay', delayMs: 100 });
  await change(2);
  expect(session.desired).toEqual([]);
  await fixture.clock.advance(100);
  expect(session.desired).toEqual([{ value: 2, $version: 3 }]);
});

it('messages that wait are bounded in memory', async () => {
  fixture.core.faults.add({ kind: 'delay', delayMs: 500 });
  const { core, clock } = fixture;
  const outcomes: (Error | undefined)[] = [];
  const body = Buffer.alloc(16 * 1_024 * 1_024);
  for (let count = 0; count < 5; count++)
    core.telemetry.append(session.sender, clock.now(), '', body, (error) => outcomes.push(error));
  expect(outcomes).toEqual([
    expect.objectContaining({ symbol: 'ThrottlingBacklogTimeout' }),
    expect.objectContaining({ symbol: 'ThrottlingBacklogTimeout' }),
  ]);
});
