import { describe, expect, it } from 'vitest';
import { parseImitation } from '../../../src/cli/options/imitation.ts';

describe('--imitate', () => {
  it.each([
    ['tier=S1', { tier: 'S1' }],
    ['tier=s3,units=10', { tier: 'S3', units: 10 }],
    ['lag=30s', { lagMs: 30_000 }],
    ['tier=S2, lag=1m', { tier: 'S2', lagMs: 60_000 }],
  ])('%s', (text, imitation) => {
    expect(parseImitation(text)).toEqual(imitation);
  });

  it.each(['', 'tier', 'tier=F1', 'tier=S1,units=0', 'units=2', 'tier=S1,units=201', 'lag=soon', 'lag=2h', 'speed=1'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseImitation(text)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
    },
  );
});
