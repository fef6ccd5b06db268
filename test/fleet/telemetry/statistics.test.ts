import { describe, expect, it } from 'vitest';
import { telemetryStatistics, type TelemetryStatistics } from '../../../src/fleet/telemetry/index.ts';
import type { TelemetryMessage } from '../../../src/protocol/telemetry/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { message } from '../../support/memory-hub.ts';

describe('statistics of telemetry', () => {
  it('counts messages, bytes and devices of each second, silent ones too, and the rest at the end', async () => {
    const clock = fakeClock();
    const waits: (() => void)[] = [];
    const go = (): void => waits.shift()?.();
    async function* source(): AsyncGenerator<readonly TelemetryMessage[]> {
      yield [message('a', 0, Buffer.alloc(10)), message('b', 1, Buffer.alloc(30)), message('a', 2, Buffer.alloc(2))];
      await new Promise<void>((resolve) => waits.push(resolve));
      yield [message('c', 3, Buffer.alloc(5))];
      await new Promise<void>((resolve) => waits.push(resolve));
    }
    const seen: TelemetryStatistics[] = [];
    const running = (async () => {
      for await (const second of telemetryStatistics(source(), clock)) seen.push(second);
    })();
    await clock.advance(1_000);
    await clock.advance(1_000);
    go();
    await clock.advance(500);
    go();
    await running;
    expect(
      seen.map(({ messages, bytes, devices, totalMessages }) => [messages, bytes, devices, totalMessages]),
    ).toEqual([
      [3, 42, 2, 3],
      [0, 0, 0, 3],
      [1, 5, 1, 4],
    ]);
    expect(seen.map(({ messagesPerSecond }) => messagesPerSecond)).toEqual([3, 0, 2]);
    expect(clock.pending).toBe(0);
  });
});
