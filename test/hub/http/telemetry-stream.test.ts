import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { LogBatch, StoredMessage } from '../../../src/hub/core/ports.ts';
import { writeStream } from '../../../src/hub/http/telemetry-stream.ts';
import { fakeClock } from '../../support/fake-clock.ts';

function batch(count: number, next: number, parts: Partial<LogBatch> = {}): LogBatch {
  const messages = Array.from({ length: count }, (_, index): StoredMessage => ({
    sender: {
      deviceId: 'pump',
      moduleId: '',
      source: 'Telemetry',
      generationId: '1',
      modelId: '',
      auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
    },
    partition: 0,
    sequenceNumber: next - count + index,
    enqueuedTime: 1,
    bag: '',
    body: Buffer.alloc(2_000, 'x'),
  }));
  return { messages, position: new Map([[0, next]]), lost: 0, live: false, ...parts };
}

class Sink extends Writable {
  text = '';
  #release: (() => void) | undefined;
  stalled = false;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.stalled) this.#release = done;
    else done();
  }
  resume(): void {
    this.stalled = false;
    this.#release?.();
  }
  get lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

const never = new AbortController().signal;

describe('marks', () => {
  test('when batches have messages, a mark follows each; when the end is reached, it says live', async () => {
    const sink = new Sink();
    const batches = Readable.from([batch(2, 2), batch(0, 2, { live: true })]);
    await writeStream(batches, sink, { clock: fakeClock(), signal: never });
    expect(sink.lines.map((line) => line['position'] ?? line['n'])).toEqual([0, 1, '0:2', '0:2']);
    expect(sink.lines.at(-1)).toEqual({ position: '0:2', live: true });
  });

  test('when a filter lets nothing through, marks come every few seconds and not for every batch', async () => {
    const sink = new Sink();
    const clock = fakeClock();
    async function* batches() {
      for (let next = 1; next <= 10; next++) {
        yield batch(0, next * 100);
        await clock.advance(500);
      }
    }
    await writeStream(batches(), sink, { clock, signal: never });
    expect(sink.lines.map((line) => line['position'])).toEqual(['0:100', '0:500', '0:900']);
  });

  test('when nothing happens on a live stream, the mark is repeated', async () => {
    const sink = new Sink();
    const clock = fakeClock();
    async function* batches() {
      yield batch(1, 1, { live: true, lost: 3 });
      await clock.advance(31_000);
    }
    await writeStream(batches(), sink, { clock, signal: never });
    expect(sink.lines.slice(1)).toEqual([
      { position: '0:1', live: true, lost: 3 },
      { position: '0:1', live: true },
      { position: '0:1', live: true },
    ]);
    expect(clock.pending).toBe(0);
  });
});

describe('a slow reader', () => {
  test('when the socket is full, no further batch is asked for until it drains', async () => {
    const sink = new Sink();
    sink.stalled = true;
    let asked = 0;
    async function* batches() {
      for (; asked < 5;) {
        asked += 1;
        yield batch(100, asked * 100);
      }
    }
    const done = writeStream(batches(), sink, { clock: fakeClock(), signal: never });
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(1);
    expect(sink.writableLength).toBeLessThan(300_000);
    sink.resume();
    await done;
    expect(asked).toBe(5);
    expect(sink.lines.filter((line) => 'n' in line)).toHaveLength(500);
  });

  test('when the caller goes away while the socket is full, the stream ends', async () => {
    const sink = new Sink();
    sink.stalled = true;
    const caller = new AbortController();
    let finished = false;
    async function* batches() {
      try {
        for (;;) yield batch(100, 100);
      } finally {
        finished = true;
      }
    }
    const done = expect(writeStream(batches(), sink, { clock: fakeClock(), signal: caller.signal })).rejects.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    await done;
    expect(finished).toBe(true);
  });
});
