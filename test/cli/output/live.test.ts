import { describe, expect, test } from 'vitest';
import { createLiveBlock } from '../../../src/cli/output/live-block.ts';
import type { LiveView } from '../../../src/cli/output/output.ts';
import { written } from '../support/test-output.ts';

/** What a terminal shows that obeys the few sequences of a live block. */
function screen(text: string): string[] {
  const rows: string[] = [''];
  let row = 0;
  // The escape character is hard to see, and in a pattern not allowed.
  const visible = text.replaceAll('\u001b', '␛');
  for (const [part = ''] of visible.matchAll(/␛\[[?0-9]*[A-Za-z]|\r|\n|[^␛\r\n]+/g)) {
    const [, count, letter] = /^␛\[\??(\d*)([A-Za-z])$/.exec(part) ?? [];
    if (letter === 'A') row -= Number(count);
    else if (letter === 'H') row = 0;
    else if (letter === 'K') rows[row] = rows[row] ?? '';
    else if (letter === 'J') rows.splice(row);
    else if (part === '\n') row++;
    else if (part !== '\r' && letter === undefined) rows[row] = part;
    while (rows.length <= row) rows.push('');
  }
  return rows;
}

const size = { columns: 20, rows: 10 };

describe('a live block', () => {
  test('is drawn over in place, also when it gets shorter', async () => {
    let text = 'before\n';
    const block = createLiveBlock(async (more) => void (text += more));
    await block.draw(['one', 'two', 'three'], size);
    await block.draw(['ONE'], size);
    expect(screen(text)).toEqual(['before', 'ONE', '']);
    block.leave();
    text += 'after\n';
    expect(screen(text)).toEqual(['before', 'ONE', 'after', '']);
  });

  test('makes room for what somebody else has to say', async () => {
    let text = '';
    const block = createLiveBlock(async (more) => void (text += more));
    await block.draw(['one', 'two'], size);
    block.clear();
    block.clear();
    text += 'warning\n';
    await block.draw(['ONE', 'TWO'], size);
    expect(screen(text)).toEqual(['warning', 'ONE', 'TWO', '']);
  });

  test('begins anew on a clear screen when the terminal has another size', async () => {
    let text = 'before\n';
    const block = createLiveBlock(async (more) => void (text += more));
    await block.draw(['one', 'two'], size);
    await block.draw(['ONE'], { columns: 10, rows: 5 });
    expect(screen(text)).toEqual(['ONE', '']);
  });
});

const view: LiveView<readonly string[]> = { lines: (frame) => frame.map((text) => [[text, 'bad']]) };

async function* frames(...all: (readonly string[])[]): AsyncGenerator<readonly string[]> {
  yield* all;
}

describe('a live picture', () => {
  test('makes text of devices safe, keeps to the terminal, and leaves the last frame', async () => {
    const shown = await written((output) => output.live(frames(['a'], ['\u001b[2Jevil', 'x'.repeat(100)]), view), [], {
      isTTY: true,
      columns: 20,
    });
    expect(screen(shown.stdout)).toEqual(['\\x1b[2Jevil', `${'x'.repeat(19)}…`, '']);
  });

  test('loses its end where the terminal is too low', async () => {
    const tall = Array.from({ length: 50 }, (_, index) => String(index));
    const shown = await written((output) => output.live(frames(tall), view), [], { isTTY: true });
    expect(screen(shown.stdout)).toEqual([...tall.slice(0, 23), '']);
  });

  test('is whole, without colour and without sequences, on a pipe', async () => {
    const tall = Array.from({ length: 50 }, (_, index) => `${index} `);
    const shown = await written((output) => output.picture(tall, view), []);
    expect(shown.stdout).toBe(tall.map((line) => `${line.trim()}\n`).join(''));
  });
});
