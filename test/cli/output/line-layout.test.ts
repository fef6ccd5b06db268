import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineLayout } from '../../../src/cli/output/line-layout.ts';
import { textWidth } from '../../../src/cli/output/text-width.ts';

const plain = (text: string): string => text;

describe('the layout of lines on a terminal', () => {
  test('aligns the leading parts from line to line', () => {
    const lay = lineLayout(80, 2, plain);
    expect(lay([['10:00'], ['pump-1'], ['a=1']])).toBe('10:00  pump-1  a=1\n');
    expect(lay([['10:01'], ['refrigerator-17'], ['a=2']])).toBe('10:01  refrigerator-17  a=2\n');
    expect(lay([['10:02'], ['pump-1'], ['a=3']])).toBe('10:02  pump-1           a=3\n');
  });

  test('goes on below the first field when a line is too long, and breaks none', () => {
    const lay = lineLayout(40, 2, plain);
    expect(lay([['10:00'], ['pump-1'], ['pressure=70.5'], ['flow=40'], ['motorTemperature=60']])).toBe(
      '10:00  pump-1  pressure=70.5  flow=40\n               motorTemperature=60\n',
    );
  });

  test('keeps near the left edge when there is no room', () => {
    const lay = lineLayout(20, 2, plain);
    expect(lay([['10:00'], ['a-long-device'], ['x=1'], ['y=2']])).toBe('10:00  a-long-device\n    x=1  y=2\n');
  });

  test('breaks what a line says between words, and goes on below its beginning, when there are no leading parts', () => {
    const lay = lineLayout(30, 0, plain);
    expect(lay([['   ✓'], ['the command was answered in 3 ms: done']])).toBe(
      '   ✓  the command was answered\n      in 3 ms: done\n',
    );
    expect(lay([['10:00:00'], ['pump-1   '], ['pressure=70.5'], ['x=1']])).toBe(
      '10:00:00  pump-1   \n          pressure=70.5  x=1\n',
    );
    expect(lay([['one part that is longer than the line']])).toBe('one part that is longer than\nthe line\n');
    expect(lay([['✓'], ['a-word-that-is-longer-than-any-line x']])).toBe(
      '✓  a-word-that-is-longer-than-any-line\n   x\n',
    );
  });

  test('makes device text safe before it measures it', () => {
    const lay = lineLayout(80, 2, plain);
    expect(lay([['10:00'], ['pump\u001b[2J'], ['a=1']])).not.toContain('\u001b');
  });

  test('never makes a line wider than the terminal unless one part alone is', () => {
    const part = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
      .filter((text) => text.trim() === text);
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 120 }),
        fc.array(part, { minLength: 3, maxLength: 30 }),
        (width, parts) => {
          const text = lineLayout(width, 2, plain)(parts.map((value) => [value] as const));
          for (const line of stripVTControlCharacters(text).split('\n')) {
            expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 60));
          }
        },
      ),
    );
  });
});
