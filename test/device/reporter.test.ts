import { expect, test } from 'vitest';
import { Reporter } from '../../src/device/reporter.ts';
import { Failure } from '../../src/errors/index.ts';
import type { JsonObject } from '../../src/std/json.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

interface Rig {
  readonly clock: FakeClock;
  readonly reporter: Reporter;
  readonly arrived: JsonObject[];
  readonly problems: string[];
  /** What the next patches meet, in order; then they arrive. */
  readonly failures: (Failure | undefined)[];
}

function rig(): Rig {
  const clock = fakeClock();
  const arrived: JsonObject[] = [];
  const problems: string[] = [];
  const failures: (Failure | undefined)[] = [];
  const reportProperties = async (patch: JsonObject): Promise<number> => {
    await Promise.resolve();
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return arrived.push(patch);
  };
  const reporter = new Reporter({ reportProperties }, clock, (error) => problems.push(error.message));
  return { clock, reporter, arrived, problems, failures };
}

const offline = new Failure('hub-unreachable', 'no link', { retryable: true });

test('what is reported while a patch is on its way goes together in the next one', async () => {
  const { clock, reporter, arrived } = rig();
  reporter.report({ a: 1 });
  reporter.report({ b: { c: 1 } });
  reporter.report({ b: { d: 2 }, a: null });
  await clock.advance(0);
  expect(arrived).toEqual([{ a: 1 }, { b: { c: 1, d: 2 }, a: null }]);
});

test('a patch that did not arrive is kept and sent again; what is newer wins', async () => {
  const { clock, reporter, arrived, failures, problems } = rig();
  failures.push(offline, offline);
  reporter.report({ interval: 5, os: 'x' });
  await clock.advance(0);
  reporter.report({ interval: 9 });
  await clock.advance(5_000);
  await clock.advance(5_000);
  expect(arrived).toEqual([{ interval: 9, os: 'x' }]);
  expect(problems).toEqual([]);
});

test('a patch the hub refuses is told and dropped', async () => {
  const { clock, reporter, arrived, failures, problems } = rig();
  failures.push(new Failure('refused', 'too deep'));
  reporter.report({ bad: 1 });
  reporter.report({ good: 1 });
  await clock.advance(0);
  expect(arrived).toEqual([{ good: 1 }]);
  expect(problems).toEqual(['too deep']);
});

test('nothing is sent for an empty patch, nor after the end', async () => {
  const { clock, reporter, arrived, failures } = rig();
  reporter.report({});
  failures.push(offline);
  reporter.report({ a: 1 });
  await clock.advance(0);
  reporter.close();
  await clock.advance(60_000);
  expect(arrived).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('who waits for the delivery goes on when the hub has everything, or when it took too long', async () => {
  const { clock, reporter, arrived, failures } = rig();
  await reporter.delivered(1_000);
  failures.push(undefined, offline);
  const heard: string[] = [];
  reporter.report({ a: 1 });
  reporter.report({ b: 1 });
  void reporter.delivered(1_000).then(() => heard.push(`late, ${arrived.length} arrived`));
  void reporter.delivered(60_000).then(() => heard.push(`done, ${arrived.length} arrived`));
  await clock.advance(1_000);
  expect(heard).toEqual(['late, 1 arrived']);
  await clock.advance(10_000);
  expect(heard).toEqual(['late, 1 arrived', 'done, 2 arrived']);
});
