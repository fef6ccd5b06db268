import { describe, expect, test } from 'vitest';
import { batch, memoryHub, message, type MemoryHub } from '../../../support/memory-hub.ts';
import { type } from '../../support/memory-rooms.ts';

const messages = [
  message('truck-1', 0, { temperature: 4.5, engine: { rpm: 900 }, note: 'all well' }, { properties: { alert: 'no' } }),
  message('truck-2', 1, { temperature: 9 }),
  message('truck-2', 2, Uint8Array.of(0xff, 0x01)),
  message('evil', 3, Buffer.from('\u001b]0;title\u0007')),
];

function stream(): MemoryHub {
  const hub = memoryHub();
  hub.add('truck-1', { site: 'north' });
  hub.onRead = async function* () {
    yield batch(messages.slice(0, 2));
    yield batch(messages.slice(2));
  };
  return hub;
}

describe('tail telemetry', () => {
  test('at a terminal it is a readable line for each message, with nothing a terminal would obey', async () => {
    const words = ['tail', 'telemetry', '--no-color'];
    const { stdout, stderr, code } = await type(stream(), words, { isTTY: true, columns: 120 });
    expect({ stderr, code }).toEqual({ stderr: 'waiting for telemetry; Ctrl-C ends\n', code: 0 });
    expect(stdout.split('\n')).toEqual([
      '00:00:00.000Z  truck-1  temperature=4.5  engine.rpm=900  note="all well"  {alert=no}',
      '00:00:01.000Z  truck-2  temperature=9',
      '00:00:02.000Z  truck-2  base64:/wE=',
      '00:00:03.000Z  evil     base64:G10wO3RpdGxlBw==',
      '',
    ]);
  });

  test('on a pipe it is NDJSON', async () => {
    const { stdout, stderr } = await type(stream(), ['tail', 'telemetry', '--binary', 'hex']);
    expect(stderr).toBe('');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines[0]).toEqual({
      deviceId: 'truck-1',
      enqueuedTime: '2026-01-01T00:00:00.000Z',
      partition: 0,
      sequenceNumber: 0,
      properties: { alert: 'no' },
      system: {},
      body: { temperature: 4.5, engine: { rpm: 900 }, note: 'all well' },
    });
    expect(lines[2]).toMatchObject({ bodyHex: 'ff01' });
  });

  test('shows only what is selected, also as CSV and as a table', async () => {
    const select = ['tail', 'telemetry', '--select', 'engine.rpm, temperature', '--count', '2'];
    expect((await type(stream(), [...select, '-o', 'csv'])).stdout).toBe(
      'deviceId,enqueuedTime,engine.rpm,temperature\ntruck-1,2026-01-01T00:00:00.000Z,900,4.5\ntruck-2,2026-01-01T00:00:01.000Z,,9\n',
    );
    const table = (await type(stream(), [...select, '-o', 'table'])).stdout.split('\n');
    expect(table[0]).toMatch(/^TIME\s+DEVICE\s+engine\.rpm\s+temperature/);
    expect(table).toHaveLength(4);
  });

  test('writes raw bodies as they are', async () => {
    expect((await type(stream(), ['tail', 'telemetry', '--count', '2', '-o', 'raw'])).stdout).toBe(
      '{"temperature":4.5,"engine":{"rpm":900},"note":"all well"}\n{"temperature":9}\n',
    );
  });

  test('keeps the messages for which a condition holds', async () => {
    const { stdout } = await type(stream(), [
      'tail',
      'telemetry',
      '--where',
      "temperature > 1 AND tags.site = 'north'",
      '-o',
      'name',
    ]);
    expect(stdout).toBe('truck-1\n');
  });

  test('passes ids, globs and times on', async () => {
    const hub = stream();
    await type(hub, ['tail', 'telemetry', 'truck-1', 'pump-*', '--since', '10m', '--from', '-'], { stdin: 'x-1\n\n' });
    expect(hub.telemetryRequests[0]).toMatchObject({
      devices: ['truck-1', 'pump-*', 'x-1'],
      from: { time: Date.UTC(2026, 0, 1) - 600_000 },
      follow: true,
    });
  });

  test('when a device does not exist, then it does not wait for it for ever', async () => {
    expect(await type(stream(), ['tail', 'telemetry', 'trukc-1'])).toMatchObject({ code: 3, stdout: '' });
    expect(await type(stream(), ['tail', 'telemetry', 'gone', '--since', '1h'])).toMatchObject({ code: 0 });
  });

  test.each([
    [['--since', '2026-01-02'], '--since is in the future'],
    [['--since', '1h', '--until', '2h'], '--until is not after --since'],
  ])('when nothing can be in the span %j, then it says so instead of waiting', async (flags, words) => {
    const { stderr, code } = await type(stream(), ['tail', 'telemetry', ...flags]);
    expect({ stderr, code }).toEqual({ stderr: `error: ${words}\n`, code: 2 });
  });

  test('when a condition is not valid, then it says where, before anything is read', async () => {
    const hub = stream();
    const { stderr, code } = await type(hub, ['tail', 'telemetry', '--where', 'temperature >']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: --where: .*\(at character 14\)\n/);
    expect(hub.telemetryRequests).toEqual([]);
  });

  test('says on stderr that the hub went away, that it is back, and what was lost', async () => {
    const hub = memoryHub();
    hub.onRead = async function* ({ onLink }) {
      onLink?.({ kind: 'lost', reason: 'the connection was reset', retryInMs: 100 });
      onLink?.({ kind: 'restored', afterMs: 3_210 });
      yield batch(messages.slice(0, 2), { lost: 5 });
    };
    const { stdout, stderr } = await type(hub, ['tail', 'telemetry', '-o', 'name']);
    expect(stdout).toBe('truck-1\ntruck-2\n');
    expect(stderr).toBe(
      "warning: lost the hub: the connection was reset; reconnecting…\nwarning: 5 messages had been removed by the hub's retention before they could be read\nback after 3.2 s, 2 messages caught up\n",
    );
  });

  test('with --stats it counts: NDJSON on a pipe', async () => {
    const { stdout } = await type(stream(), ['tail', 'telemetry', '--stats']);
    expect(JSON.parse(stdout)).toMatchObject({ messages: 4, devices: 3, totalMessages: 4 });
  });

  test('with --stats at a terminal one line is drawn over, and stdout stays empty', async () => {
    const { stdout, stderr } = await type(stream(), ['tail', 'telemetry', '--stats'], { isTTY: true });
    expect(stdout).toBe('');
    expect(stderr).toContain('telemetry: 4');
  });
});
