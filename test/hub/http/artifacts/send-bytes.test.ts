import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createDownloadLanes, type DownloadLane } from '../../../../src/hub/http/artifacts/lanes.ts';
import { sendBytes } from '../../../../src/hub/http/artifacts/send-bytes.ts';
import { HubError } from '../../../../src/protocol/hub-errors.ts';
import { defaultLimits } from '../../../../src/hub/limits/index.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const size = 1_000_000;
const artifact = {
  async read(into: Uint8Array, position: number): Promise<number> {
    const bytes = Math.min(into.length, size - position);
    for (let at = 0; at < bytes; at += 4_096) into[at] = (position + at) % 251;
    return bytes;
  },
};

function lanesOf(clock = fakeClock()) {
  return createDownloadLanes(defaultLimits.http, clock);
}

function parts() {
  return { clock: fakeClock(), lane: lanesOf().enter(false), signal: new AbortController().signal };
}

describe('bytes of an artifact', () => {
  test.each([
    [0, size],
    [0, 1],
    [size - 1, size],
    [15_359, 15_361],
    [5, 5],
  ])('from %i to %i arrive whole', async (start, end) => {
    const output = new PassThrough();
    let received = 0;
    output.on('data', (chunk: Buffer) => (received += chunk.length));
    await sendBytes(artifact, { start, end }, output, parts());
    expect(received).toBe(end - start);
  });

  test('when the reader stands still for two minutes, then it is cut; while it moves it is not', async () => {
    const taken: (() => void)[] = [];
    const output = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void taken.push(done) });
    const given = parts();
    let outcome = 'under way';
    const sent = sendBytes(artifact, { start: 0, end: size }, output, given).catch((error: Error) => {
      outcome = error.message;
    });
    for (let round = 0; round < 4; round++) {
      await expect.poll(() => taken.length).toBe(1);
      await given.clock.advance(100_000);
      expect(outcome).toBe('under way');
      taken.pop()?.();
    }
    await expect.poll(() => taken.length).toBe(1);
    await given.clock.advance(120_000);
    await sent;
    expect(outcome).toContain('stood still');
    expect(given.clock.pending).toBe(0);
  });

  test('when the caller goes away or the file ends early, then it ends', async () => {
    const gone = new AbortController();
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const sent = sendBytes(artifact, { start: 0, end: size }, stuck, { ...parts(), signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(sent).rejects.toThrow('gone');
    const short = sendBytes(artifact, { start: 0, end: size + 1 }, new PassThrough().resume(), parts());
    await expect(short).rejects.toThrow('became shorter');
  });
});

describe('lanes', () => {
  test('when there are many, then their buffers are small; when there are too many, then one is refused', () => {
    const lanes = lanesOf();
    const first = lanes.enter(false);
    expect(first.buffer()).toHaveLength(64 * 1024);
    const others = Array.from({ length: 2_047 }, () => lanes.enter(false));
    expect(first.buffer()).toHaveLength(15 * 1024);
    expect(() => lanes.enter(false)).toThrow(
      expect.objectContaining({ symbol: 'ServiceUnavailable', info: { retryAfterSeconds: 5 } }),
    );
    others[0]?.leave();
    others[0]?.leave();
    const last = lanes.enter(false);
    expect(() => lanes.enter(false)).toThrow();
    for (const lane of [first, last, ...others]) lane.leave();
    expect(lanes.enter(false).buffer()).toHaveLength(64 * 1024);
  });

  test('over TLS there are fewer, and the others are not kept from theirs', () => {
    const lanes = lanesOf();
    const secure = Array.from({ length: defaultLimits.http.downloadsOverTls }, () => lanes.enter(true));
    expect(() => lanes.enter(true)).toThrow(expect.objectContaining({ symbol: 'ServiceUnavailable' }));
    lanes.enter(false);
    secure[0]?.leave();
    secure[0]?.leave();
    lanes.enter(true);
    expect(() => lanes.enter(true)).toThrow();
  });

  test('a thousand that find none at once are told to come again one after the other, and soon when it is quiet again', async () => {
    const clock = fakeClock();
    const lanes = createDownloadLanes({ downloads: 1, downloadsOverTls: 1 }, clock);
    const lane = lanes.enter(true);
    const told = Array.from({ length: 1_000 }, () => secondsOf(() => lanes.enter(true)));
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect([told[0], told.at(-1)]).toEqual([5, 105]);
    expect(Math.max(...told.map((second) => told.filter((other) => other === second).length))).toBeLessThanOrEqual(11);
    for (let more = 0; more < 10_000; more++) expect(secondsOf(() => lanes.enter(true))).toBeLessThanOrEqual(300);
    await clock.advance(310_000);
    expect(secondsOf(() => lanes.enter(true))).toBe(5);
    lane.leave();
  });

  test('no two of them have the same buffer', () => {
    const lanes = lanesOf();
    for (let round = 0; round < 3; round++) {
      const held = Array.from({ length: 100 }, () => lanes.enter(false));
      expect(new Set(held.map((lane) => lane.buffer())).size).toBe(100);
      for (const lane of held) lane.leave();
    }
  });
});

function secondsOf(enter: () => DownloadLane): number {
  try {
    enter();
  } catch (error) {
    if (error instanceof HubError) return Number(error.info?.['retryAfterSeconds']);
  }
  throw new Error('there was a lane');
}
