import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import { runDemo, type DemoEvent, type DemoOptions } from '../../../src/fleet/demo/index.ts';
import { averageGap, type Entry } from '../../../src/fleet/demo/journal.ts';
import { realClock } from '../../support/real-clock.ts';

// A directory for temporary files of its own: other runs on this machine leave and take theirs meanwhile.
const usual = process.env['TMPDIR'];
let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'iotctl-test-'));
  process.env['TMPDIR'] = temporary;
});
afterEach(async () => {
  const left = await readdir(temporary);
  if (usual === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = usual;
  await rm(temporary, { recursive: true });
  expect(left).toEqual([]);
});

function options(more: Partial<DemoOptions> = {}): DemoOptions {
  return {
    clock: realClock,
    random: () => 0.5,
    version: '1.2.3',
    pid: 1,
    signal: new AbortController().signal,
    keep: false,
    ...more,
  };
}

function portOf(events: readonly DemoEvent[]): number {
  for (const event of events) {
    const port = event.kind === 'verified' ? /MQTT\/TLS (\d+)/.exec(event.text)?.[1] : undefined;
    if (port !== undefined) return Number(port);
  }
  throw new Error('the hub was not announced');
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('the demo', () => {
  test('verifies each of its steps, within its limits, and takes everything down', { timeout: 60_000 }, async () => {
    const events: DemoEvent[] = [];
    for await (const event of runDemo(options())) events.push(event);
    const steps = events.filter((event) => event.kind === 'step');
    expect(steps.map(({ number }) => number)).toEqual(steps.map((_, index) => index + 1));
    expect(steps).toHaveLength(steps[0]?.of ?? 0);
    expect(events.filter((event) => event.kind === 'verified')).toHaveLength(steps.length);
    expect(events.length).toBeLessThanOrEqual(60);
    const last = events.at(-1);
    expect(last).toMatchObject({ kind: 'summary', summary: { devices: 10, commands: 2 } });
    const text = events.flatMap((event) => (event.kind === 'verified' ? [event.text] : [])).join('\n');
    expect(text).toMatch(/every 0\.\d s instead of [12]\.\d s/);
    expect(text).toMatch(/(\d+) messages were acknowledged and \1 are stored/);
    expect(JSON.stringify(events)).not.toContain('SharedAccessKey');
    expect(await listens(portOf(events))).toBe(false);
  });

  test(
    'aborted in the middle, ends with the reason and leaves no hub, no device, no file',
    { timeout: 60_000 },
    async () => {
      const stop = new AbortController();
      const events: DemoEvent[] = [];
      const running = (async () => {
        for await (const event of runDemo(options({ signal: stop.signal }))) {
          events.push(event);
          if (event.kind === 'telemetry') stop.abort(new Failure('interrupted', 'stopped'));
        }
      })();
      await expect(running).rejects.toMatchObject({ code: 'interrupted' });
      expect(await listens(portOf(events))).toBe(false);
    },
  );

  test('whose reader goes away takes everything down too', { timeout: 60_000 }, async () => {
    const events: DemoEvent[] = [];
    for await (const event of runDemo(options())) {
      events.push(event);
      if (event.kind === 'step' && event.number === 4) break;
    }
    expect(await listens(portOf(events))).toBe(false);
  });

  test('that keeps its devices does not say that it stops them', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    const events: DemoEvent[] = [];
    for await (const event of runDemo(options({ keep: true, signal: stop.signal }))) {
      events.push(event);
      if (event.kind === 'kept') stop.abort();
    }
    expect(events.findLast((event) => event.kind === 'step')).toMatchObject({ title: 'Leave the devices running' });
    expect(events.at(-1)).toMatchObject({ kind: 'kept' });
  });

  test('aborted before it begins, does nothing', async () => {
    const signal = AbortSignal.abort(new Failure('interrupted', 'stopped'));
    await expect(runDemo(options({ signal })).next()).rejects.toMatchObject({ code: 'interrupted' });
  });
});

function at(...times: number[]): Entry[] {
  return times.map((time) => ({ deviceId: 'd', time, enqueuedTime: '', body: {} }));
}

test('the average gap is that of the whole span, whatever a busy machine does to single messages', () => {
  expect(averageGap(at(0, 100, 100, 420, 420, 500))).toBe(100);
  expect(averageGap(at(5))).toBeNaN();
  expect(averageGap([])).toBeNaN();
});
