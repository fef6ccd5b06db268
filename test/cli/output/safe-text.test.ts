import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { safeJson, safeLines, safeText } from '../../../src/cli/output/safe-text.ts';

/** Characters that act on a terminal, reorder text or hide. */
const dangerous = [
  ...Array.from({ length: 32 }, (_, code) => code),
  ...Array.from({ length: 33 }, (_, code) => 0x7f + code),
  0xad,
  0x61c,
  0x180e,
  0x200b,
  0x200c,
  0x200d,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  0x202a,
  0x202b,
  0x202c,
  0x202d,
  0x202e,
  0x2060,
  0x2066,
  0x2067,
  0x2068,
  0x2069,
  0xfeff,
  0xe0001,
  0xe0041,
];
// Raw control, format and separator characters must not survive in any rendering.
const raw = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('safeText', () => {
  test.each(dangerous)('shows U+%s as an escape', (code) => {
    const shown = safeText(`a${String.fromCodePoint(code)}b`);
    expect(shown).not.toMatch(raw);
    expect(shown).toMatch(/^a\\.+b$/);
  });

  test.each([
    ['\u001b[2J\u001b]0;owned\u0007', '\\x1b[2J\\x1b]0;owned\\x07'],
    ['ok\rerror', 'ok\\rerror'],
    ['two\nlines\tand a tab', 'two\\nlines\\tand a tab'],
    ['\u009b31mred', '\\x9b31mred'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['lone \ud83d surrogate', 'lone \\ud83d surrogate'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
  ])('writes %j as %s', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  test.each(['plain', 'Grüße', '温度', 'pump_1 (north) $x', '😀', 'e\u0301'])('leaves %s alone', (text) => {
    expect(safeText(text)).toBe(text);
  });

  test('nothing dangerous is left of any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !raw.test(safeText(text))));
  });

  test('safeLines keeps line ends and tabs only', () => {
    expect(safeLines('a\n\tb\r\u001b[1m')).toBe('a\n\tb\\r\\x1b[1m');
  });
});

describe('safeJson', () => {
  test('is the same document, with nothing dangerous in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = safeJson(JSON.stringify(value));
        expect(text).not.toMatch(raw);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('keeps the line ends between tokens', () => {
    expect(safeJson('{\n  "a": "\u0085"\n}')).toBe('{\n  "a": "\\u0085"\n}');
  });
});
