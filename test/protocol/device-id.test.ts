import { describe, expect, it } from 'vitest';
import { deviceIdProblem, isDeviceId } from '../../src/protocol/device-id.ts';

describe('isDeviceId', () => {
  it.each(['d', 'pump-001', "A-.%_*?!(),:=@$'+#9", '..a', '$edgeAgent', 'x'.repeat(128)])('%s is one', (id) => {
    expect(isDeviceId(id)).toBe(true);
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a/b', 'a\\b', 'ä', 'a\n', 'a\u0000', '.', '..', 'a;b', 'a&b', '<a>'])(
    '%j is none',
    (id) => {
      expect(isDeviceId(id)).toBe(false);
      expect(deviceIdProblem(id)).toMatch(/^(is|may|cannot) /);
    },
  );
});
