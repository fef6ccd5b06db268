import { describe, expect, test } from 'vitest';
import { createCounted, mostKinds, windowMs } from '../../../../src/hub/core/audit/counted.ts';
import type { Happening } from '../../../../src/hub/core/audit/service.ts';
import type { AuditNote } from '../../../../src/protocol/audit.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

function refusal(address: string, target = 'device a'): Happening {
  return { event: 'access.refused', source: 'unproved', address, result: 'refused', targets: [target] };
}

function keysRead(policy: string): Happening {
  return { event: 'keys.read', source: `policy ${policy}`, address: '10.1.0.1', result: 'accepted' };
}

function rig(): {
  notes: AuditNote[];
  clock: ReturnType<typeof fakeClock>;
  counted: ReturnType<typeof createCounted>;
  state: { full: boolean };
} {
  const notes: AuditNote[] = [];
  const clock = fakeClock();
  const state = { full: false };
  const counted = createCounted({
    clock,
    onError: () => undefined,
    async write(note) {
      if (state.full) throw new Error('the disk is full');
      notes.push(note);
    },
  });
  return { notes, clock, counted, state };
}

describe('what may come in floods', () => {
  test('is noted at once, and its like within a minute in one note with a count', async () => {
    const { notes, clock, counted } = rig();
    for (let count = 0; count < 5_000; count++) await counted.add(refusal('10.0.0.1', `device ${count % 3}`));
    expect(notes).toHaveLength(1);
    await clock.advance(windowMs);
    await counted.close();
    expect(notes).toHaveLength(2);
    expect(notes[1]).toMatchObject({ details: { more: 4_999 }, targets: ['device 1', 'device 2', 'device 0'] });
  });

  test('from everywhere stays small, and the longer it lasts the less of it is noted', async () => {
    const { notes, clock, counted } = rig();
    for (let minute = 0; minute < 600; minute++) {
      for (let host = 0; host < 100; host++) await counted.add(refusal(`10.0.${host}.1`));
      await clock.advance(windowMs);
    }
    await counted.close();
    expect(notes.length).toBeLessThan(mostKinds * 2 * 25);
    const counts = notes.map(({ details }) => Number(details?.['more'] ?? 1));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60_000);
    expect(notes.some(({ source }) => source === 'various')).toBe(true);
  });

  test('from strangers everywhere does not blur who has proved who they are, nor delay what is counted of them', async () => {
    const { notes, clock, counted } = rig();
    for (let minute = 0; minute < 10; minute++) {
      for (let host = 0; host < mostKinds + 7; host++) {
        await counted.add(refusal(`10.0.${host}.1`));
        await counted.add({ ...refusal(`10.0.${host}.1`), event: 'keys.read' });
      }
      await counted.add(keysRead(`p${minute}`));
      await counted.add(keysRead(`p${minute}`));
      await clock.advance(windowMs);
    }
    const proved = notes.filter(({ result }) => result === 'accepted');
    expect(proved.map(({ source, address }) => [source, address])).toEqual(
      Array.from({ length: 20 }, (_, note) => [`policy p${Math.floor(note / 2)}`, '10.1.0.1']),
    );
    expect(proved[1]?.details).toEqual({ more: 1 });
    await counted.close();
  });

  test('stays small too when it comes from those who have proved who they are', async () => {
    const { notes, counted } = rig();
    for (let host = 0; host < 1_000; host++)
      await counted.add({ ...refusal(`10.0.${host}.1`), source: `device ${host}`, event: 'session.takeover' });
    expect(notes).toHaveLength(mostKinds + 1);
    await counted.close();
  });

  test('is not let pass while nothing can be noted, and is tried again', async () => {
    const { notes, counted, state } = rig();
    state.full = true;
    await expect(counted.add(refusal('10.0.0.1'))).rejects.toThrow('full');
    await expect(counted.add(refusal('10.0.0.1'))).rejects.toThrow('full');
    state.full = false;
    await counted.add(refusal('10.0.0.1'));
    expect(notes).toHaveLength(1);
  });
});
