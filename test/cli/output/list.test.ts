import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ListView } from '../../../src/cli/output/output.ts';
import { written } from '../support/test-output.ts';

interface Pump {
  readonly id: string;
  readonly pressure: number;
  readonly tags: Record<string, string>;
}

const pumps: Pump[] = [
  { id: 'pump-1', pressure: 12.5, tags: { site: 'north' } },
  { id: '泵-2', pressure: 7, tags: {} },
];

const view: ListView<Pump> = {
  columns: [
    { header: 'DEVICE', value: (pump) => pump.id, tone: () => 'accent' },
    { header: 'PRESSURE', value: (pump) => pump.pressure, align: 'right' },
    { header: 'TAGS', value: (pump) => pump.tags, wide: true },
  ],
  json: (pump) => ({ deviceId: pump.id, pressure: pump.pressure, tags: pump.tags }),
  name: (pump) => pump.id,
  empty: 'no pumps',
};

const show = (flags: string[], options = {}, rows: readonly Pump[] = pumps) =>
  written((output) => output.list(rows, view), flags, options);

async function* failingRows(): AsyncGenerator<Pump> {
  yield pumps[0]!;
  throw new Error('boom');
}

describe('a list', () => {
  test('on a terminal is a table with borders', async () => {
    const { stdout } = await show([], { isTTY: true });
    expect(stdout).toBe(
      [
        '┌────────┬──────────┐',
        '│ DEVICE │ PRESSURE │',
        '├────────┼──────────┤',
        '│ pump-1 │     12.5 │',
        '│ 泵-2   │        7 │',
        '└────────┴──────────┘',
        '',
      ].join('\n'),
    );
  });

  test('on a pipe is plain columns', async () => {
    const { stdout } = await show([]);
    expect(stdout).toBe('DEVICE  PRESSURE\npump-1      12.5\n泵-2           7\n');
  });

  test('on a narrow terminal has no borders when it would cut what is of use only whole', async () => {
    const secret = {
      columns: [
        { header: 'ID', value: () => 'a' },
        { header: 'KEY', value: () => 'k'.repeat(30), whole: true },
      ],
    };
    const { stdout } = await written(
      (output) => output.list([1], { ...secret, json: () => null, name: () => '' }),
      [],
      { isTTY: true, columns: 20 },
    );
    expect(stdout).toBe(`ID  KEY\na   ${'k'.repeat(30)}\n`);
  });

  test('on a terminal too narrow for its columns leaves the last ones out and says so', async () => {
    const many = Array.from({ length: 8 }, (_, at) => ({ header: `COLUMN${at}`, value: () => 'some value' }));
    const { stdout, stderr } = await written(
      (output) => output.list([1], { columns: many, json: () => null, name: () => '' }),
      [],
      { isTTY: true, columns: 40 },
    );
    expect(stdout.split('\n').every((line) => line.length <= 40)).toBe(true);
    expect(stdout).toContain('COLUMN2');
    expect(stderr).toContain('no room for COLUMN3, COLUMN4, COLUMN5, COLUMN6, COLUMN7');
  });

  test('wide has all columns, nothing cut', async () => {
    const { stdout } = await show(['-o', 'wide'], { isTTY: true, columns: 10 });
    expect(stdout).toBe('DEVICE  PRESSURE  TAGS\npump-1      12.5  {"site":"north"}\n泵-2           7  {}\n');
  });

  test('chosen columns come in the order asked for', async () => {
    const { stdout } = await show(['--columns', 'tags,Device']);
    expect(stdout).toBe('TAGS              DEVICE\n{"site":"north"}  pump-1\n{}                泵-2\n');
  });

  test('a column that is not there names those that are', async () => {
    const { stderr, code } = await show(['--columns', 'nope']);
    expect(code).toBe(2);
    expect(stderr).toBe('error: --columns: there is no column "nope"\nhint: use some of DEVICE, PRESSURE, TAGS\n');
  });

  test('json is one array, a row a line on a pipe', async () => {
    const { stdout } = await show(['-o', 'json']);
    expect(stdout).toBe(
      '[\n{"deviceId":"pump-1","pressure":12.5,"tags":{"site":"north"}},\n{"deviceId":"泵-2","pressure":7,"tags":{}}\n]\n',
    );
    const terminal = await show(['-o', 'json'], { isTTY: true });
    expect(JSON.parse(terminal.stdout)).toEqual(JSON.parse(stdout));
    expect(terminal.stdout).toContain('\n    "deviceId": "pump-1"');
  });

  test('ndjson, name and yaml', async () => {
    expect(
      (await show(['-o', 'ndjson'])).stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown),
    ).toHaveLength(2);
    expect((await show(['-o', 'name'])).stdout).toBe('pump-1\n泵-2\n');
    expect(parse((await show(['-o', 'yaml'])).stdout)).toEqual(pumps.map((pump) => view.json(pump)));
  });

  test('csv has a column for each key, nested values as JSON', async () => {
    const { stdout } = await show(['-o', 'csv']);
    expect(stdout).toBe('deviceId,pressure,tags\npump-1,12.5,"{""site"":""north""}"\n泵-2,7,{}\n');
  });

  test('an empty list says so on stderr, and is empty on stdout', async () => {
    expect(await show([], {}, [])).toMatchObject({ stdout: '', stderr: 'no pumps\n', code: 0 });
    expect((await show(['-o', 'json'], {}, [])).stdout).toBe('[]\n');
    expect((await show(['-o', 'ndjson'], {}, [])).stdout).toBe('');
    expect((await show(['-o', 'yaml'], {}, [])).stdout).toBe('[]\n');
    expect((await show(['-o', 'csv'], {}, [])).stdout).toBe('');
  });

  test('a table fits the terminal and cuts the widest column', async () => {
    const rows = [{ id: 'a-very-long-device-id-that-does-not-fit', pressure: 1, tags: {} }];
    const { stdout } = await show([], { isTTY: true, columns: 30 }, rows);
    expect(stdout.split('\n')[3]).toBe('│ a-very-long-de… │        1 │');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(30);
    expect((await show([], {}, rows)).stdout).toContain('a-very-long-device-id-that-does-not-fit');
  });

  test('a long table is one table, whatever its chunks', async () => {
    const rows = Array.from({ length: 2_350 }, (_, index) => ({ id: `pump-${index}`, pressure: index, tags: {} }));
    const { stdout } = await show([], { isTTY: true }, rows);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(rows.length + 4);
    expect(lines.filter((line) => line.startsWith('┌'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('├'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('└'))).toHaveLength(1);
    expect(lines.at(-2)).toContain('pump-2349');
    expect(new Set(lines.slice(0, 1_000).map((line) => line.length)).size).toBe(1);
  });

  test('--query works on the whole list', async () => {
    expect((await show(['--query', '[].deviceId'])).stdout).toBe('pump-1\n泵-2\n');
    expect((await show(['--query', '[?pressure > `10`]', '-o', 'ndjson'])).stdout).toBe(
      '{"deviceId":"pump-1","pressure":12.5,"tags":{"site":"north"}}\n',
    );
    expect((await show(['--query', 'length(@)', '-o', 'json'])).stdout).toBe('2\n');
    expect((await show(['--query', '[].{id: deviceId, p: pressure}'])).stdout).toBe(
      'id      p\npump-1  12.5\n泵-2    7\n',
    );
    expect((await show(['--query', '[0]', '-o', 'csv'])).stdout).toBe(
      'deviceId,pressure,tags\npump-1,12.5,"{""site"":""north""}"\n',
    );
  });

  test('a wrong --query fails before anything is done', async () => {
    let ran = false;
    const { stderr, code, stdout } = await written(async () => void (ran = true), ['--query', '[?']);
    expect({ code, stdout, ran }).toEqual({ code: 2, stdout: '', ran: false });
    expect(stderr).toMatch(/^error: --query: "\[\?" is not a JMESPath expression/);
  });

  test('a row that fails ends the list with the failure', async () => {
    const { code, stderr } = await written((output) => output.list(failingRows(), view), ['-o', 'name']);
    expect(code).toBe(70);
    expect(stderr).toContain('a bug in iotctl 1.2.3: boom');
  });
});

describe('hostile text in a list', () => {
  const hostile: Pump = { id: '\u001b[2J=cmd()\u0007\u202e', pressure: 1, tags: { 'k\u001b': 'v\u009b' } };
  // The line end is the only control character a rendering may hold; borders and the like are letters to a terminal.
  const control = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u;

  test.each(['table', 'wide', 'json', 'ndjson', 'yaml', 'csv', 'name'])(
    'cannot reach the terminal by -o %s',
    async (format) => {
      for (const isTTY of [true, false]) {
        const { stdout } = await show(['-o', format], { isTTY }, [hostile]);
        expect(stdout).not.toMatch(control);
        expect(stdout).not.toBe('');
      }
    },
  );

  test('survives json and yaml unchanged', async () => {
    expect(JSON.parse((await show(['-o', 'json'], {}, [hostile])).stdout)).toEqual([view.json(hostile)]);
    expect(parse((await show(['-o', 'yaml'], {}, [hostile])).stdout)).toEqual([view.json(hostile)]);
  });
});
