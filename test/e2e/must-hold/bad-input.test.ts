import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHubBox, type HubBox } from './support/hub-box.ts';
import { expectOneError } from './support/one-error.ts';

let hub: HubBox;
beforeAll(async () => {
  hub = await startHubBox();
  await hub.box.run(['provision', 'here']);
  await mkdir(join(hub.box.directory, 'folder'));
  await writeFile(join(hub.box.directory, 'bad.json'), '{"desired": {"a": 1,}}');
});
afterAll(() => hub.close());

const run = (...words: string[]): ReturnType<HubBox['box']['run']> => hub.box.run(words);

async function deviceIds(): Promise<string[]> {
  const { stdout } = await run('device', 'list', '-o', 'name');
  return stdout.trimEnd().split('\n').toSorted();
}

describe('a device that does not exist', () => {
  test.concurrent.each([
    ['device show nope'],
    ['device enable nope'],
    ['device disable nope'],
    ['device delete nope --yes'],
    ['twin show nope'],
    ['twin set nope a=1'],
    ['twin unset nope a'],
    ['twin diff nope'],
    ['twin diff here nope'],
    ['send-command nope ping'],
    ['tail telemetry nope'],
    ['tail telemetry here nope'],
  ])('%s', async (line) => {
    const result = await run(...line.split(' '));
    expectOneError(result, { code: 3, error: 'device nope does not exist' });
    expect(result.stderr).toContain('hint: iotctl device list');
  });

  test.concurrent('of several, then the others are done and the code says some failed', async () => {
    const result = await run('twin', 'set', 'here', 'nope', 'several=1', '-o', 'json');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('nope');
  });
});

describe('JSON that is none', () => {
  test.concurrent.each([
    [['twin', 'set', 'here', '@bad.json'], 2, 'bad.json is not valid JSON'],
    [['twin', 'set', 'here', 'limits={"a":'], 2, 'the value of limits is not valid JSON'],
    [['send-command', 'here', 'ping', '{bad'], 2, 'the payload is not valid JSON'],
    [['send-command', 'here', 'ping', '@bad.json'], 2, 'bad.json is not valid JSON'],
    [['twin', 'set', 'here', '@missing.json'], 3, 'there is no file missing.json'],
    [['twin', 'set', 'here', '@folder'], 1, 'cannot read folder: it is a directory'],
    [['send-command', 'here', 'ping', '@folder'], 1, 'folder is a directory'],
  ])('%j', async (words, code, error) => {
    expectOneError(await run(...words), { code, error });
  });

  test.concurrent.each([['{bad'], ['[1]'], [''], ['\u0000'], ['{"a":1} x']])('%j on standard input', async (input) => {
    expectOneError(await hub.box.run(['twin', 'set', 'here', '-'], { input }), { code: 2, error: /JSON/ });
  });

  test.concurrent('names that would change every object are refused, and nothing is set', async () => {
    for (const word of ['__proto__.x=1', 'a.constructor.b=1', 'tags.prototype=1']) {
      expectOneError(await run('twin', 'set', 'here', word), { code: 2, error: /is not allowed/ });
    }
  });

  test('changed nothing', async () => {
    const { stdout } = await run('twin', 'show', 'here', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ properties: { desired: { $version: 1 } } });
  });
});

describe('CSV', () => {
  test('lines that are not valid are told with number and reason, and the good ones are done', async () => {
    const lines = [
      'deviceId,key,status,TAG:site',
      'csv-1,,enabled,north',
      'bad/id,,enabled,x',
      'csv-2,c2hvcnQ=,enabled,x',
      'csv-3,,maybe,x',
      'csv-4,,enabled',
      ',,enabled,x',
      'csv-1,,enabled,south',
      'csv-5,,disabled,north',
      'csv-6,,enabled,"never closed',
      'csv-7,,enabled,x',
    ];
    await writeFile(join(hub.box.directory, 'mixed.csv'), lines.join('\n'));
    const result = await run('provision', '--from', 'mixed.csv', '-o', 'ndjson');
    expect(result.code).toBe(7);
    const results = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(results.map(({ line, result: outcome }) => [line, outcome])).toEqual(
      expect.arrayContaining([
        [2, 'created'],
        [3, 'failed'],
        [4, 'failed'],
        [5, 'failed'],
        [7, 'failed'],
        [8, 'failed'],
        [9, 'created'],
        [10, 'failed'],
      ]),
    );
    for (const [number, reason] of [
      [3, 'may hold only'],
      [4, 'base64 of 16 to 64 bytes'],
      [5, 'maybe'],
      [7, 'id is missing'],
      [8, 'line 2 already'],
      [10, 'never closed'],
    ] as const) {
      expect(result.stderr).toMatch(new RegExp(`^warning: line ${number}: .*${reason}`, 'm'));
    }
    const devices = await deviceIds();
    expect(devices).toEqual(expect.arrayContaining(['csv-1', 'csv-5']));
    expect(devices).not.toContain('csv-7');
  });

  test('with --strict nothing is done', async () => {
    const before = await deviceIds();
    const result = await hub.box.run(['provision', '--from', '-', '--strict'], {
      input: 'deviceId\nstrict-1\nbad/id\nstrict-2\n',
    });
    expectOneError(result, { code: 2, error: 'nothing was written, because 1 line is not valid' });
    expect(await deviceIds()).toEqual(before);
  });

  test.concurrent.each([
    ['nothing at all', '', 'the CSV is empty'],
    ['columns nobody knows', 'foo,bar\n1,2\n', 'there is no column "foo"'],
    ['bytes of a picture', '\u0089PNG\r\n\u001a\n\u0000\u0000', /first line of the CSV|columns?/],
    ['a column named twice', 'deviceId,deviceId\na,b\n', /deviceId/],
    ['a tag that would change every object', 'deviceId,TAG:__proto__.x\nproto-1,1\n', /__proto__/],
  ])('%s', async (_, input, error) => {
    expectOneError(await hub.box.run(['provision', '--from', '-'], { input }), { code: 2, error });
  });

  test.concurrent('a file that is not there, a directory', async () => {
    expectOneError(await run('provision', '--from', 'missing.csv'), { code: 3, error: 'there is no file missing.csv' });
    expectOneError(await run('provision', '--from', 'folder'), { code: 1, error: 'folder is a directory' });
  });
});

describe('a file for results that cannot be written', () => {
  test.each([
    ['a directory', 'folder', 1, 'cannot write folder: it is a directory'],
    [
      'a directory that is not there',
      'missing/results.csv',
      3,
      'cannot write missing/results.csv: there is no such file or directory',
    ],
  ])('%s, then no device is registered', async (_, path, code, error) => {
    const before = await deviceIds();
    expectOneError(await run('provision', 'unwritten', '--out', path), { code, error });
    expect(await deviceIds()).toEqual(before);
    expect((await readdir(hub.box.directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a symbolic link is replaced, and what it points at is not touched', async () => {
    const [target, link] = [join(hub.box.directory, 'precious.txt'), join(hub.box.directory, 'results.csv')];
    await writeFile(target, 'precious');
    await symlink(target, link);
    expect(await run('provision', 'linked', '--out', 'results.csv')).toMatchObject({ code: 0 });
    expect(await readFile(target, 'utf8')).toBe('precious');
    expect(await readFile(link, 'utf8')).toContain('SharedAccessKey=');
  });
});

describe('values and words that are not allowed', () => {
  test.concurrent.each([
    ['hub start --mqtt-port 70000', '--mqtt-port: "70000" is not a port'],
    ['hub start --https-port x', '--https-port: "x" is not a port'],
    ['hub start --retention 1s', '--retention: "1s" is not 1m or more'],
    ['provision --count 0 --prefix x-', '--count: "0" is not between 1 and 1000000'],
    ['provision --count 5', '--prefix'],
    ['provision here --tag x', '--tag: "x" is not KEY=VALUE'],
    ['provision bad/id', '"bad/id" cannot be a device id'],
    ['tail telemetry --since yesterday', '--since: "yesterday" is not a time'],
    ['tail telemetry --count 0', '--count: "0" is not 1 or more'],
    ['tail telemetry --timeout fast', '--timeout: "fast"'],
    ['tail telemetry --where a>', '--where: '],
    ['device list --where a=', 'the query is not valid'],
    ['device list --columns nope', '--columns: there is no column "nope"'],
    ['device list --query [', '--query: "[" is not a JMESPath expression'],
    ['device list -o nope', '--output: "nope" is not one of'],
    ['device list -o raw', '--output: raw is not offered by device list'],
    ['send-command here ping --concurrency 0', '--concurrency: "0"'],
    ['simulate tractor', 'model: "tractor" is not one of'],
    ['simulate oil-pump --count -1', '--count: "-1" is not between'],
    ['query SELEC', 'expected SELECT'],
    ['completion tcsh', '"tcsh" is not one of bash, zsh, fish'],
    ['profile use ../x', '"../x" is no profile name'],
  ])('%s', async (line, error) => {
    expectOneError(await run(...line.split(' ')), { code: 2, error });
  });

  test.concurrent.each([
    ['prvision x', "unknown command 'prvision'", 'Did you mean iotctl provision?'],
    ['twin sett x', "unknown command 'sett'", 'Did you mean iotctl twin set?'],
    ['tail telemetry --sinc 1m', "unknown option '--sinc'", 'Did you mean --since?'],
    ['profile use nope', 'there is no profile nope', 'iotctl profile list'],
  ])('%s, with a suggestion', async (line, error, hint) => {
    const result = await run(...line.split(' '));
    expectOneError(result, { code: line.startsWith('profile') ? 3 : 2, error });
    expect(result.stderr).toContain(`hint: ${hint}`);
  });

  test.concurrent('as JSON: one object with the code, for a program', async () => {
    const { stdout, stderr, code } = await run('device', 'show', 'nope', '-o', 'json');
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
    expect(JSON.parse(stderr)).toEqual({
      error: expect.objectContaining({ code: 'device-not-found', exitCode: 3, hint: 'iotctl device list' }),
    });
  });
});
