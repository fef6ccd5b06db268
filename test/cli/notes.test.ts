import { describe, expect, test } from 'vitest';
import { createNotes } from '../../src/cli/output/create-notes.ts';
import { createStatusLine } from '../../src/cli/output/status-line.ts';
import type { Notes } from '../../src/cli/output/notes.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

function notesOn(options: { isTTY?: boolean; quiet?: boolean; width?: number } = {}): {
  notes: Notes;
  clock: FakeClock;
  text: () => string;
} {
  const clock = fakeClock();
  let text = '';
  const write = (chunk: string): void => {
    text += chunk;
  };
  const notes = createNotes({
    write,
    statusLine: createStatusLine(write),
    isTTY: options.isTTY ?? false,
    width: options.width ?? 80,
    quiet: options.quiet ?? false,
    paint: (part) => part,
    clock,
  });
  return { notes, clock, text: () => text };
}

describe('notes', () => {
  test('are safe lines', () => {
    const { notes, text } = notesOn();
    notes.info('device \u001b[2J is\nhere');
    notes.success('done');
    notes.warn('careful');
    expect(text()).toBe('device \\x1b[2J is\nhere\ndone\nwarning: careful\n');
  });

  test('--quiet leaves warnings', () => {
    const { notes, text } = notesOn({ quiet: true });
    notes.info('a');
    notes.success('b');
    notes.progress('c', 3).done();
    notes.warn('careful');
    expect(text()).toBe('warning: careful\n');
  });
});

describe('progress', () => {
  test('elsewhere than on a terminal is a line every ten seconds and one at the end', async () => {
    const { notes, clock, text } = notesOn();
    const progress = notes.progress('provision', 100);
    progress.advance(10);
    expect(text()).toBe('');
    await clock.advance(10_000);
    progress.advance(10);
    progress.advance(10);
    await clock.advance(10_000);
    progress.say('pump-31');
    await clock.advance(1_500);
    progress.advance(70);
    progress.done();
    expect(text()).toBe('provision: 20 of 100\nprovision: 30 of 100, pump-31\nprovision: 100 in 21.5s\n');
  });

  test('the same line is not said again before five minutes are over', async () => {
    const { notes, clock, text } = notesOn();
    const progress = notes.progress('pump-2', 60);
    for (let seconds = 0; seconds < 320; seconds += 10) {
      await clock.advance(10_000);
      progress.say('wave 1 of 4');
    }
    progress.stop();
    expect(text()).toBe('pump-2: 0 of 60, wave 1 of 4\n'.repeat(2));
  });

  test('on a terminal is one line that is drawn over, ten times a second at most', async () => {
    const { notes, clock, text } = notesOn({ isTTY: true, width: 60 });
    const progress = notes.progress('provision', 4);
    progress.advance();
    await clock.advance(100);
    progress.advance();
    progress.done('4 devices');
    expect(text()).toBe(
      '\rprovision  ░░░░░░░░░░░░░░░░░░░░░░░░   0%  0/4\u001b[K\rprovision  ████████████░░░░░░░░░░░░  50%  2/4\u001b[K\r\u001b[K4 devices\n',
    );
  });

  test('never grows over the width of the terminal', () => {
    const { notes, text } = notesOn({ isTTY: true, width: 30 });
    notes.progress('provision', 4).say('a very long text after the bar');
    expect(text().split('\u001b[K')[0]!.length).toBeLessThanOrEqual(30);
  });

  test('a note in between clears the line first', () => {
    const { notes, text } = notesOn({ isTTY: true });
    notes.progress('x');
    notes.warn('careful');
    expect(text()).toBe('\rx  0\u001b[K\r\u001b[Kwarning: careful\n');
  });
});
