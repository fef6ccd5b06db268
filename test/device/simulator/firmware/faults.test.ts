import { array, assert, constantFrom, integer, option, property, record, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignFaults,
  conditions,
  fates,
  formatFaults,
  noFaults,
  parseFaults,
  type Amount,
  type Faults,
} from '../../../../src/device/simulator/firmware/faults.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `pump-${index + 1}`);

const amount = option(
  record({
    share: integer({ min: 0, max: 2_500 }),
    count: integer({ min: 0, max: 999_999 }),
    kind: constantFrom('share', 'count'),
  }).map(({ kind, share, count }): Amount =>
    kind === 'share' ? { kind: 'share', share: share / 10_000 } : { kind: 'count', count },
  ),
  { nil: undefined },
);
const versions = array(constantFrom('1.0.0', '2.0.0-rc.1', '3.1.4+build.5'), { maxLength: 3 });
const anyFaults = record({
  fates: array(amount, { minLength: 6, maxLength: 6 }),
  badImages: versions,
  brickImages: versions,
}).map((drawn): Faults => ({
  amounts: Object.fromEntries(
    [...fates, ...conditions]
      .map((name, index) => [name, drawn.fates[index]] as const)
      .filter(([, value]) => value !== undefined),
  ),
  badImages: drawn.badImages,
  brickImages: drawn.brickImages,
}));

describe('reading faults', () => {
  it('reads shares, numbers of devices and versions', () => {
    expect(parseFaults('brick=2%, revert=3,offline=30%,slow=0.5%,bad-image=2.0.0,bad-image=2.0.1')).toEqual({
      amounts: {
        brick: { kind: 'share', share: 0.02 },
        revert: { kind: 'count', count: 3 },
        offline: { kind: 'share', share: 0.3 },
        slow: { kind: 'share', share: 0.005 },
      },
      badImages: ['2.0.0', '2.0.1'],
      brickImages: [],
    });
    expect(parseFaults('none')).toEqual(noFaults);
  });

  it('reads again what it writes', () => {
    assert(
      property(anyFaults, (faults) => {
        expect(parseFaults(formatFaults(faults))).toEqual(faults);
      }),
    );
  });

  it('says what is wrong, whatever it is given', () => {
    assert(
      property(string(), (text) => {
        try {
          parseFaults(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });

  it.each([
    ['', 'is not FAULT=VALUE'],
    ['brick', 'is not FAULT=VALUE'],
    ['brick=', 'is not FAULT=VALUE'],
    ['brick=2%=3%', 'is not FAULT=VALUE'],
    ['brik=2%', 'is no fault; there are brick, revert, lie, corrupt, offline, slow, bad-image, brick-image'],
    ['brick=0.02', 'neither a share such as 2% nor a number of devices'],
    ['brick=101%', 'neither a share'],
    ['brick=-1%', 'neither a share'],
    ['brick=2%,brick=3%', 'given twice'],
    ['brick=60%,revert=50%', 'more than 100% together'],
    ['bad-image=2 0', 'is not a version'],
    ['toString=2%', 'is no fault'],
  ])('refuses %j', (text, words) => {
    expect(() => parseFaults(text)).toThrow(words);
  });
});

describe('choosing devices', () => {
  it('chooses as many as the shares say, and no device for two fates', () => {
    const assigned = assignFaults(
      ids(1_000),
      parseFaults('brick=2%,revert=1%,lie=1%,corrupt=3,offline=30%,slow=5%'),
      1,
    );
    const count = (
      matches: (device: { fate: string | undefined; offline: boolean; slow: boolean }) => boolean,
    ): number => [...assigned.values()].filter((device) => matches(device)).length;
    expect([
      count(({ fate }) => fate === 'brick'),
      count(({ fate }) => fate === 'revert'),
      count(({ fate }) => fate === 'lie'),
      count(({ fate }) => fate === 'corrupt'),
      count(({ offline }) => offline),
      count(({ slow }) => slow),
    ]).toEqual([20, 10, 10, 3, 300, 50]);
  });

  it('depends on the seed and the ids, not on their order', () => {
    const faults = parseFaults('brick=10%,offline=50%');
    const first = assignFaults(ids(100), faults, 1);
    const turned = assignFaults(ids(100).toReversed(), faults, 1);
    const other = assignFaults(ids(100), faults, 2);
    expect(ids(100).map((id) => turned.get(id))).toEqual([...first.values()]);
    expect([...other.values()]).not.toEqual([...first.values()]);
  });

  it('gives every device a fate when there are more fates than devices', () => {
    const assigned = assignFaults(ids(3), parseFaults('brick=2,revert=5'), 1);
    expect([...assigned.values()].map(({ fate }) => String(fate)).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'brick',
      'brick',
      'revert',
    ]);
  });
});
