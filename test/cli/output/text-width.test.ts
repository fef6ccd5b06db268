import { describe, expect, test } from 'vitest';
import { pad, textWidth, truncate } from '../../../src/cli/output/text-width.ts';

describe('text width', () => {
  test.each([
    ['', 0],
    ['pump-1', 6],
    ['Grüße', 5],
    ['e\u0301', 1],
    ['温度', 4],
    ['한국', 4],
    ['ﾊﾝｶｸ', 4],
    ['ＦＵＬＬ', 8],
    ['😀', 2],
    ['❤\ufe0f', 2],
    ['🇩🇪', 2],
    ['a温b', 4],
  ])('%s takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test('a cut text never takes more than its width', () => {
    expect(truncate('temperature', 6)).toBe('tempe…');
    expect(truncate('温度温度', 6)).toBe('温度…');
    expect(truncate('温度温度', 5)).toBe('温度…');
    expect(truncate('温度温度', 4)).toBe('温…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abc', 1)).toBe('…');
    expect(truncate('abc', 0)).toBe('');
  });

  test('padding counts columns, not characters', () => {
    expect(pad('温', 4)).toBe('温  ');
    expect(pad('7', 3, 'right')).toBe('  7');
    expect(pad('longer', 3)).toBe('longer');
  });
});
