import { expect, it } from 'vitest';
import { createStoreHealth } from '../../../src/hub/store/health.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function newHealth() {
  const lines: string[] = [];
  const say = (_fields: object, message: string): void => void lines.push(message);
  const clock = fakeClock(1_000);
  return { clock, lines, health: createStoreHealth({ clock, log: { debug: say, info: say, warn: say, error: say } }) };
}

const full = Object.assign(new Error('full'), { code: 'ENOSPC' });

it('when commits fail, then the part and the reason are told, once, with the time since when', async () => {
  const { clock, lines, health } = newHealth();
  const registry = health.part('registry');
  registry.note();
  expect(health.problems).toEqual([]);
  registry.note(full);
  await clock.advance(500);
  registry.note(full);
  expect(health.problems).toEqual([
    { part: 'registry', code: 'disk-full', reason: expect.stringContaining('full') as string, since: 1_000 },
  ]);
  registry.note();
  expect(health.problems).toEqual([]);
  expect(lines).toEqual(['the store takes no writes; reading goes on', 'the store takes writes again']);
});

it('when nobody writes any more, then a probe finds out that the disk takes writes again', async () => {
  const { clock, health } = newHealth();
  const part = health.part('telemetry');
  let probes = 0;
  part.tryWith(async () => {
    probes += 1;
    if (probes < 3) throw full;
  });
  part.note(full);
  await clock.advance(2_500);
  expect([probes, health.problems.length]).toEqual([2, 1]);
  await clock.advance(1_000);
  expect([probes, health.problems.length, clock.pending]).toEqual([3, 0, 0]);
});

it('when it is closed, then no probe is left', async () => {
  const { clock, health } = newHealth();
  const part = health.part('telemetry');
  part.tryWith(() => Promise.reject(full));
  part.note(full);
  health.close();
  expect(clock.pending).toBe(0);
});
