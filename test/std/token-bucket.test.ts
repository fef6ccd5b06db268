import { describe, expect, test } from 'vitest';
import { createTokenBucket } from '../../src/std/token-bucket.ts';
import { fakeClock } from '../support/fake-clock.ts';

describe('a bucket of tokens', () => {
  test('when it is full, then its size goes at once and the next token takes its time', async () => {
    const clock = fakeClock();
    const bucket = createTokenBucket(2, 10, clock);
    expect(bucket.waitFor(10)).toBe(0);
    bucket.take(10);
    expect(bucket.waitFor(1)).toBe(500);
    await clock.advance(500);
    expect(bucket.waitFor(1)).toBe(0);
  });

  test('when room is taken in advance, then those who come later wait behind', () => {
    const bucket = createTokenBucket(1, 1, fakeClock());
    for (let count = 0; count < 4; count++) bucket.take(1);
    expect(bucket.waitFor(1)).toBe(4_000);
  });

  test('when nothing is used for long, then it holds no more than its size', async () => {
    const clock = fakeClock();
    const bucket = createTokenBucket(5, 3, clock);
    await clock.advance(3_600_000);
    bucket.take(3);
    expect(bucket.waitFor(1)).toBe(200);
  });

  test('when a request is larger than the bucket, then it goes when the bucket is full', () => {
    const bucket = createTokenBucket(1, 5, fakeClock());
    expect(bucket.waitFor(50)).toBe(0);
  });
});
