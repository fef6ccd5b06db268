import { describe, expect, it } from 'vitest';
import { retryAfterOf } from '../../../../src/hub/core/throttling/service.ts';
import { createThrottle } from '../../../../src/hub/core/throttling/throttle.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

describe('a hub that imitates nothing', () => {
  it('never makes anyone wait', () => {
    const throttle = createThrottle(undefined, fakeClock());
    for (let count = 0; count < 10_000; count++) expect(throttle.admit('query')).toBeUndefined();
    expect(throttle.imitating).toBe(false);
  });
});

describe('a hub of tier S1', () => {
  it('takes 20 queries at once, delays the next and then refuses with the time to wait', async () => {
    const clock = fakeClock();
    const throttle = createThrottle({ tier: 'S1' }, clock);
    for (let count = 0; count < 20; count++) expect(throttle.admit('query')).toBeUndefined();
    const late = throttle.admit('query');
    let done = false;
    void late?.then(() => (done = true));
    await clock.advance(2_999);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(done).toBe(true);

    void throttle.admit('query');
    let refusal: unknown;
    try {
      void throttle.admit('query');
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ symbol: 'ThrottlingBacklogTimeout', status: 429 });
    expect(retryAfterOf(refusal)).toBe(3);
    await clock.advance(3_000);
    expect(throttle.admit('query')).toBeInstanceOf(Promise);
  });

  it('counts each operation apart, and more units as more room', () => {
    const clock = fakeClock();
    const throttle = createThrottle({ tier: 'S1', units: 2 }, clock);
    for (let count = 0; count < 40; count++) expect(throttle.admit('query')).toBeUndefined();
    expect(throttle.admit('query')).toBeInstanceOf(Promise);
    expect(throttle.admit('registry', 100)).toBeUndefined();
  });

  it('lets a bulk larger than the bucket through when the bucket is full', () => {
    const throttle = createThrottle({ tier: 'S1' }, fakeClock());
    expect(throttle.admit('method', 100 * 1_024 * 1_024)).toBeUndefined();
    expect(() => throttle.admit('method')).toThrow(expect.objectContaining({ symbol: 'ThrottlingBacklogTimeout' }));
  });

  it('paces its own work instead of refusing it', async () => {
    const clock = fakeClock();
    const throttle = createThrottle({ tier: 'S1' }, clock);
    const { signal } = new AbortController();
    let done = 0;
    for (let count = 0; count < 100; count++)
      void Promise.resolve(throttle.pace('job-device', signal)).then(() => done++);
    await clock.advance(1_000);
    expect(done).toBe(20);
    await clock.advance(8_000);
    expect(done).toBe(100);
  });

  it('refuses messages over the daily quota until midnight, and counts large ones more than once', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 1, 23, 59, 59));
    const throttle = createThrottle({ tier: 'S1' }, clock);
    for (let count = 0; count < 200_000; count++) throttle.meter(4_097);
    expect(() => throttle.meter(1)).toThrow(expect.objectContaining({ symbol: 'IotHubQuotaExceeded' }));
    await clock.advance(1_000);
    expect(() => throttle.meter(1)).not.toThrow();
  });
});

describe('a hub that imitates the lag alone', () => {
  it('has no limits but hides its extensions', () => {
    const throttle = createThrottle({ lagMs: 30_000 }, fakeClock());
    expect(throttle.imitating).toBe(true);
    for (let count = 0; count < 1_000; count++) expect(throttle.admit('query')).toBeUndefined();
  });
});
