import { describe, expect, test } from 'vitest';
import type { StreamView } from '../../../src/cli/output/output.ts';
import { written } from '../support/test-output.ts';

interface Message {
  readonly device: string;
  readonly body: unknown;
}

const view: StreamView<Message> = {
  columns: [
    { header: 'DEVICE', value: (message) => message.device },
    { header: 'BODY', value: (message) => message.body },
  ],
  json: ({ device, body }) => ({ device, body }),
  name: ({ device }) => device,
  line: ({ device, body }) => [[device, 'accent'], [JSON.stringify(body)]],
  raw: ({ body }) => Buffer.from(String(body)),
};

const messages: Message[] = [
  { device: 'pump-1', body: { t: 20 } },
  { device: 'pump-12', body: { t: 21 } },
];

async function* batches(...all: Message[][]): AsyncGenerator<readonly Message[]> {
  yield* all;
}

const show = (flags: string[], options = {}, source = () => batches([messages[0]!], [], [messages[1]!])) =>
  written((output) => output.stream(source(), view), flags, { kind: 'stream', formats: ['lines', 'raw'], ...options });

const hostileSource = () => batches([{ device: 'a', body: '\u001b[2Jx' }]);

describe('a stream', () => {
  test('is lines on a terminal and NDJSON on a pipe', async () => {
    expect((await show([], { isTTY: true })).stdout).toBe('pump-1  {"t":20}\npump-12  {"t":21}\n');
    expect((await show([])).stdout).toBe('{"device":"pump-1","body":{"t":20}}\n{"device":"pump-12","body":{"t":21}}\n');
  });

  test('json is NDJSON, for a stream has no end', async () => {
    expect((await show(['-o', 'json'], { isTTY: true })).stdout).toBe((await show(['-o', 'ndjson'])).stdout);
  });

  test('a table comes as it goes, at the widths of its first batch', async () => {
    expect((await show(['-o', 'table'])).stdout).toBe('DEVICE  BODY\npump-1  {"t":20}\npump-12  {"t":21}\n');
  });

  test('csv has one header; a key that comes later is told once', async () => {
    const { stdout, stderr } = await written(
      (output) =>
        output.stream(batches(messages.slice(0, 1), messages.slice(1)), {
          ...view,
          json: ({ device, body }) => (device === 'pump-1' ? { device } : { device, body }),
        }),
      ['-o', 'csv'],
      { kind: 'stream' },
    );
    expect(stdout).toBe('device\npump-1\npump-12\n');
    expect(stderr).toBe('warning: "body" is not in the header of this CSV and is left out\n');
  });

  test('raw is bytes on a pipe, safe text on a terminal', async () => {
    expect((await show(['-o', 'raw'], {}, hostileSource)).stdout).toBe('\u001b[2Jx\n');
    expect((await show(['-o', 'raw'], { isTTY: true }, hostileSource)).stdout).toBe('\\x1b[2Jx\n');
  });

  test('--query sees each message; what it does not find is left out', async () => {
    expect((await show(['--query', 'body.t'])).stdout).toBe('20\n21\n');
    expect((await show(['--query', "device == 'pump-1' && body || null"])).stdout).toBe('{"t":20}\n');
    expect((await show(['--query', 'device', '-o', 'json'])).stdout).toBe('"pump-1"\n"pump-12"\n');
    expect((await show(['--query', 'device', '-o', 'lines'])).stdout).toBe('pump-1\npump-12\n');
  });

  test('a format that a stream cannot have is refused; from the environment it gives way', async () => {
    expect(await show(['-o', 'yaml'])).toMatchObject({
      code: 2,
      stderr:
        'error: --output: yaml is not offered by show\nhint: use one of lines, raw, table, json, ndjson, csv, name\n',
    });
    expect((await show([], { env: { IOTCTL_OUTPUT: 'yaml' } })).stdout).toBe((await show([])).stdout);
    expect((await show([], { env: { IOTCTL_OUTPUT: 'csv' } })).stdout).toContain('device,body\n');
  });

  test('a hundred thousand rows go out in a few large writes', async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ device: `pump-${index}`, body: index }));
    const started = performance.now();
    const { stdout } = await show([], {}, () => batches(many));
    expect(stdout.split('\n')).toHaveLength(100_001);
    // Generous, since other tests share the machine: it takes about a tenth of this alone.
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
