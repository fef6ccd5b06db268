import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPosition, parsePosition } from '../../../src/protocol/telemetry/index.ts';

const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}:0`).join(',');

describe('positions', () => {
  it('are written with their partitions in order', () => {
    expect(
      formatPosition(
        new Map([
          [1, 7],
          [0, 12],
        ]),
      ),
    ).toBe('0:12,1:7');
    expect(formatPosition(new Map())).toBe('');
  });

  it('when one is written and read, then it is the same', () => {
    const position = fc.uniqueArray(fc.tuple(fc.nat(1023), fc.maxSafeNat()), {
      selector: ([partition]) => partition,
      maxLength: 64,
    });
    fc.assert(
      fc.property(position, (entries) => {
        const map = new Map(entries);
        expect(parsePosition(formatPosition(map))).toEqual(map);
      }),
    );
  });

  it.each([
    '0',
    '0:',
    ':1',
    '0:1,',
    '0:1,0:2',
    'a:1',
    '0:-1',
    '0:1.5',
    '0:9007199254740993',
    '12345:1',
    ' 0:1',
    'latest',
  ])('%j is none', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });

  it('when a text names more partitions than a hub can have, then it is none', () => {
    expect(parsePosition(many(1024))?.size).toBe(1024);
    expect(parsePosition(many(1025))).toBeUndefined();
  });
});
