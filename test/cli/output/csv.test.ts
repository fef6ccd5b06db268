import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvKeys, csvLine, csvRow } from '../../../src/cli/output/csv.ts';

describe('csv', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-5', '-5'],
    ['-5.25', '-5.25'],
    ['-cmd|x', "'-cmd|x"],
    ['@sum', "'@sum"],
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', 'two\\nlines'],
  ])('the cell %j is written %s', (value, cell) => {
    expect(csvLine([value])).toBe(`${cell}\n`);
  });

  test('numbers stay numbers, nothing stays empty', () => {
    expect(csvLine([-5, 0, true, null, undefined, { a: 1 }])).toBe('-5,0,true,,,"{""a"":1}"\n');
  });

  test('columns are the keys of all rows; a row reads only its own', () => {
    const rows = [{ a: 1 }, { b: 2, a: 3 }];
    expect(csvKeys(rows)).toEqual(['a', 'b']);
    expect(rows.map((row) => csvRow(row, ['a', 'b', 'toString']))).toEqual(['1,,\n', '3,2,\n']);
  });

  test('a CSV reader gets as many cells as were written, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (cells) => {
        const rows: string[][] = parse(csvLine([...cells, 'end']));
        expect(rows).toHaveLength(1);
        expect(rows[0]).toHaveLength(cells.length + 1);
      }),
    );
  });
});
