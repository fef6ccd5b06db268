import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandTable } from '../../../src/cli/commands/index.ts';
import { memoryHub } from '../../support/memory-hub.ts';
import { runLine } from '../support/fake-terminal.ts';
import { roomsWith, type } from '../support/memory-rooms.ts';

describe('provision', () => {
  test('makes devices with tags and desired properties, and says so', async () => {
    const hub = memoryHub();
    const { stdout, stderr, code } = await type(hub, [
      'provision',
      'a',
      'b',
      '--tag',
      'site=north',
      '--tag',
      'loc.floor=2',
      '--desired',
      'on=true',
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'DEVICE  RESULT   REASON',
      'a       created',
      'b       created',
      '',
    ]);
    expect(stderr).toBe('2 created\n');
    expect(hub.stored.get('b')).toMatchObject({ tags: { site: 'north', loc: { floor: 2 } }, desired: { on: true } });
  });

  test('shows connection strings only when asked', async () => {
    const hub = memoryHub();
    expect((await type(hub, ['provision', 'a', '-o', 'json'])).stdout).not.toContain('SharedAccessKey');
    const { stdout } = await type(hub, ['provision', 'a', '-o', 'json', '--show-secrets']);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        deviceId: 'a',
        result: 'unchanged',
        connectionString: expect.stringMatching(/^HostName=devices\.example;DeviceId=a;SharedAccessKey=/),
      },
    ]);
  });

  test('numbers devices the same at every run', async () => {
    const hub = memoryHub();
    const words = ['provision', '--count', '3', '--prefix', 'pump-', '-o', 'name'];
    expect((await type(hub, words)).stdout).toBe('pump-001\npump-002\npump-003\n');
    expect((await type(hub, words)).stderr).toBe('3 unchanged\n');
  });

  test('when many devices are made at a terminal, then only those that failed are listed', async () => {
    const hub = memoryHub();
    hub.onBulk = (devices) => (devices.some(({ id }) => id === 'p-060') ? { 'p-060': 'TooManyDevices' } : {});
    const { stdout, stderr, code } = await type(hub, ['provision', '--count', '120', '--prefix', 'p-', '--no-color'], {
      isTTY: true,
      columns: 100,
    });
    expect(code).toBe(7);
    expect(stdout).toContain('p-060');
    expect(stdout).not.toContain('p-061');
    expect(stderr).toContain('119 created, 1 failed');
    expect(stderr).toContain('error: 1 of 120 devices failed');
  });

  test.each([
    [['provision'], 2, 'no device is named'],
    [['provision', 'a b'], 2, '"a b" cannot be a device id'],
    [['provision', '--count', '3'], 2, '--count and --prefix belong together'],
    [['provision', '--count', '0', '--prefix', 'p'], 2, '--count'],
    [['provision', 'a', '--count', '3', '--prefix', 'p'], 2, 'ids and --count cannot be used together'],
    [['provision', 'a', '--tag', 'site'], 2, '--tag: "site" is not KEY=VALUE'],
    [['provision', '--from', 'x.csv', '--tag', 'a=1'], 2, '--ca-signed and --thumbprint do not go with --from'],
    [['provision', '--from', '/nowhere/x.csv'], 3, 'there is no file /nowhere/x.csv'],
    [['provision', '--from', '-'], 2, 'the CSV is empty'],
  ])('when the line is %j, then nothing is written', async (argv, code, words) => {
    const hub = memoryHub();
    const ended = await type(hub, argv, { stdin: '' });
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(words);
    expect(hub.bulks).toEqual([]);
  });

  test('when the profile is protected, then it is not enough to type the command', async () => {
    const hub = memoryHub();
    const rooms = roomsWith(hub, { protected: true });
    expect(await runLine(commandTable, { argv: ['provision', 'a'] }, rooms)).toMatchObject({ code: 2, stdout: '' });
    expect(hub.bulks).toEqual([]);
    expect(await runLine(commandTable, { argv: ['provision', 'a', '--confirm', 'test'] }, rooms)).toMatchObject({
      code: 0,
    });
  });
});

describe('provision from a file', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-provision-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('its template is a file it takes', async () => {
    const hub = memoryHub();
    const { stdout: template, stderr } = await type(hub, ['provision', '--template']);
    expect(stderr).toBe('');
    const { code, stdout } = await type(hub, ['provision', '--from', '-', '-o', 'csv'], { stdin: template });
    expect(code).toBe(0);
    expect(stdout.split('\n')[1]).toBe('pump-001,created,2');
    expect(hub.stored.get('pump-003')).toMatchObject({
      identity: { status: 'disabled' },
      tags: { site: 'south', location: { floor: 0 } },
    });
  });

  test('when lines are not valid, then each is named, the others go on, and the exit code is 7', async () => {
    const file = join(directory, 'devices.csv');
    await writeFile(file, 'deviceId,TAG:a\ngood,1\nno good,2\ngood,3\nbetter,4\n');
    const hub = memoryHub();
    const { stdout, stderr, code } = await type(hub, ['provision', '--from', file, '-o', 'json']);
    expect(code).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject([
      { line: 2, deviceId: 'good', result: 'created' },
      { line: 3, deviceId: 'no good', result: 'failed', code: 'invalid-input' },
      { line: 4, deviceId: 'good', result: 'failed', reason: 'the device stands on line 2 already' },
      { line: 5, deviceId: 'better', result: 'created' },
    ]);
    expect(stderr).toMatch(
      /warning: line 3: no good: .*\nwarning: line 4: good: the device stands on line 2 already\n/,
    );
    expect([...hub.stored.keys()]).toEqual(['good', 'better']);
  });

  test('with --strict nothing is written when a line is not valid', async () => {
    const hub = memoryHub();
    const { code, stderr } = await type(hub, ['provision', '--from', '-', '--strict'], { stdin: 'deviceId\na\nb b\n' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^warning: line 3: .*\nerror: nothing was written, because 1 line is not valid\n/);
    expect(hub.bulks).toEqual([]);
  });

  test('with --dry-run it compares and writes neither devices nor the file of results', async () => {
    const hub = memoryHub();
    hub.add('a');
    const out = join(directory, 'out.csv');
    const words = ['provision', '--from', '-', '--dry-run', '--out', out, '-o', 'csv'];
    const { stdout, stderr, code } = await type(hub, words, { stdin: 'deviceId,TAG:x\na,1\nb,\n' });
    expect(code).toBe(0);
    expect(stdout).toBe('deviceId,result,line,reason\na,updated,2,tags\nb,created,3,\n');
    expect(stderr).toContain('dry run, nothing was written: 1 created, 1 updated');
    expect(hub.bulks).toEqual([]);
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });

  test('when the file of results cannot be written, then no device is made', async () => {
    const hub = memoryHub();
    const { code } = await type(hub, ['provision', 'a', '--out', join(directory, 'missing', 'out.csv')]);
    expect(code).toBe(3);
    expect(hub.bulks).toEqual([]);
  });

  test('writes connection strings into a file of its own', async () => {
    const out = join(directory, 'out.csv');
    const { stdout, stderr } = await type(memoryHub(), ['provision', 'a', '--out', out]);
    expect(stdout + stderr).not.toContain('SharedAccessKey');
    expect(await readFile(out, 'utf8')).toMatch(
      /^line,deviceId,result,reason,connectionString\n,a,created,,HostName=devices\.example;DeviceId=a;/,
    );
    expect((await stat(out)).mode & 0o777).toBe(0o600);
  });
});
