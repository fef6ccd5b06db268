import { expect, test } from 'vitest';
import type { Notes } from '../../../src/cli/output/notes.ts';
import { tellAgentNews } from '../../../src/cli/views/agent-view.ts';
import type { Report } from '../../../src/protocol/firmware/index.ts';

function told(report: Partial<Report>, wanted: string | undefined = '2.0.0'): string {
  const lines: string[] = [];
  const note = (mark: string) => (text: string) => lines.push(`${mark} ${text}`);
  const notes = { info: note('i'), success: note('+'), warn: note('!') } as unknown as Notes;
  const whole: Report = {
    rollout: 'r',
    attempt: 1,
    seq: 1,
    state: 'idle',
    version: '1.0.0',
    digest: '0'.repeat(64),
    bootCount: 1,
    ...report,
  };
  tellAgentNews(notes, { kind: 'firmware', report: whole, wanted });
  return lines.join('\n');
}

test.each([
  [{ state: 'idle' }, 'i firmware 1.0.0 runs, none is offered'],
  [{ state: 'downloading', progress: 42.5 }, 'i firmware 2.0.0: downloading, 42.5 %'],
  [{ state: 'staged' }, 'i firmware 2.0.0: fetched and verified'],
  [
    { state: 'deferred', until: '2026-01-01T00:00:00.000Z', message: 'the pump runs' },
    'i firmware 2.0.0: put off until 2026-01-01T00:00:00.000Z: the pump runs',
  ],
  [{ state: 'trial' }, 'i firmware 2.0.0: runs on trial'],
  [{ state: 'confirmed', version: '2.0.0' }, '+ firmware 2.0.0 runs and is confirmed'],
  [
    { state: 'reverted', code: 'self-test-failed', message: 'no pressure' },
    '! firmware 2.0.0: went back to 1.0.0: self-test-failed: no pressure',
  ],
  [{ state: 'failed', code: 'stalled', message: null }, '! firmware 2.0.0: failed: stalled'],
] as const)('a report of %o is a line', (report, line) => {
  expect(told(report)).toBe(line);
});

test('an offer that was never taken up has no version to name', () => {
  expect(told({ state: 'rejected', code: 'key-unknown' }, '')).toBe('! firmware: rejected: key-unknown');
});
