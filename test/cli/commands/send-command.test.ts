import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTable } from '../../../src/cli/commands/index.ts';
import { Failure } from '../../../src/errors/index.ts';
import { memoryHub, type MemoryHub } from '../../support/memory-hub.ts';
import { runLine } from '../support/fake-terminal.ts';
import { roomsWith, type } from '../support/memory-rooms.ts';

function fleet(): MemoryHub {
  const hub = memoryHub();
  for (const id of ['pump-1', 'pump-2', 'truck-1']) hub.add(id, { site: id.startsWith('pump') ? 'north' : 'south' });
  return hub;
}

function offline(deviceId: string): never {
  throw new Failure('device-offline', `device ${deviceId} is offline; it has never connected`);
}

describe('send-command to one device', () => {
  test('shows status and payload, on a terminal and as JSON', async () => {
    const hub = fleet();
    hub.onInvoke = () => ({ status: 200, payload: { uptime: 12 } });
    const words = ['send-command', 'pump-1', 'get-info', 'detail=true'];
    const shown = await type(hub, [...words, '--no-color'], { isTTY: true });
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/Status:\s+200/);
    expect(shown.stdout).toContain('uptime');
    const { stdout, stderr, code } = await type(hub, [...words, '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ deviceId: 'pump-1', ok: true, status: 200, payload: { uptime: 12 } });
    expect(hub.invoked[0]?.request).toEqual({
      methodName: 'get-info',
      payload: { detail: true },
      responseTimeoutInSeconds: 30,
      connectTimeoutInSeconds: 0,
    });
  });

  test('when the device answers with a failure, then its answer is on stdout and the exit code is 1', async () => {
    const hub = fleet();
    hub.onInvoke = () => ({ status: 500, payload: 'jammed\u001b[2J' });
    const { stdout, stderr, code } = await type(hub, ['send-command', 'pump-1', 'open']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/Status:\s+500/);
    expect(stdout).toContain('jammed\\x1b[2J');
    expect(stderr).toContain('error: pump-1 answered open with status 500');
  });

  test('when the device is offline, then it says so with exit code 6 and nothing on stdout', async () => {
    const hub = fleet();
    hub.onInvoke = offline;
    expect(await type(hub, ['send-command', 'pump-1', 'open'])).toEqual({
      stdout: '',
      stderr: 'error: device pump-1 is offline; it has never connected\nhint: iotctl device show ID\n',
      code: 6,
    });
  });

  test('takes its payload from a file or standard input', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'iotctl-payload-'));
    try {
      const file = join(directory, 'p.json');
      await writeFile(file, '{"a":[1]}');
      const hub = fleet();
      await type(hub, ['send-command', 'pump-1', 'set', `@${file}`]);
      await type(hub, ['send-command', 'pump-1', 'set', '-'], { stdin: '{"b":2}\n' });
      expect(hub.invoked.map(({ request }) => request.payload)).toEqual([{ a: [1] }, { b: 2 }]);
      expect(await type(hub, ['send-command', 'pump-1', 'set', `@${file}.missing`])).toMatchObject({
        code: 3,
        stdout: '',
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test.each([
    [['send-command'], 2, 'WORD'],
    [['send-command', 'pump-1'], 2, 'the name of a command is missing'],
    [['send-command', 'pump-1', 'set', 'a={'], 2, 'the value of a is not valid JSON'],
    [['send-command', 'pump-1', 'set', '--timeout', '1s'], 2, '--timeout'],
    [
      ['send-command', 'pump-1', 'set', '--timeout', '5s', '--connect-timeout', '10s'],
      2,
      '--connect-timeout must not be longer',
    ],
    [['send-command', '--from', '-', 'set', '-'], 2, 'standard input cannot be both'],
    [['send-command', 'pump-1', 'set', '--retrry', '1'], 2, '--retry'],
  ])('when the line is %j, then nothing is sent', async (argv, code, words) => {
    const hub = fleet();
    const ended = await type(hub, argv);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(words);
    expect(hub.invoked).toEqual([]);
  });
});

describe('send-command to many devices', () => {
  test('gives a result for each, a summary, and exit code 7 when some failed', async () => {
    const hub = fleet();
    hub.onInvoke = (id) => (id === 'pump-2' ? offline(id) : { status: 200, payload: 'ok' });
    const { stdout, stderr, code } = await type(hub, [
      'send-command',
      'pump-*',
      'truck-1',
      'ping',
      '-o',
      'json',
      '--concurrency',
      '1',
    ]);
    expect(code).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject([
      { deviceId: 'truck-1', ok: true, status: 200, payload: 'ok' },
      { deviceId: 'pump-1', ok: true },
      { deviceId: 'pump-2', ok: false, error: { code: 'device-offline' } },
    ]);
    expect(stderr).toContain('2 of 3 devices succeeded; 1 offline');
  });

  test('as a table it says what each device answered', async () => {
    const hub = fleet();
    hub.onInvoke = (id) => ({ status: id === 'pump-1' ? 200 : 503, payload: { id } });
    const { stdout, code } = await type(hub, ['send-command', '--where', "tags.site = 'north'", 'ping']);
    expect(code).toBe(7);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'DEVICE  RESULT  STATUS  PAYLOAD',
      'pump-1  ok         200  {"id":"pump-1"}',
      'pump-2  failed     503  {"id":"pump-2"}',
      '',
    ]);
  });

  test('when all are offline, then the exit code is 6', async () => {
    const hub = fleet();
    hub.onInvoke = offline;
    expect((await type(hub, ['send-command', 'pump-*', 'ping'])).code).toBe(6);
  });

  test('when one of the devices typed does not exist, then no device gets the command', async () => {
    const hub = fleet();
    expect(await type(hub, ['send-command', 'pump-1', 'pmup-2', 'ping'])).toMatchObject({ code: 3, stdout: '' });
    expect(hub.invoked).toEqual([]);
  });

  test('when nothing matches, then it says so with exit code 3', async () => {
    expect(await type(fleet(), ['send-command', 'valve-*', 'ping'])).toMatchObject({ code: 3, stdout: '' });
    expect(await type(fleet(), ['send-command', '--from', '-', 'ping'], { stdin: '\n' })).toMatchObject({ code: 3 });
  });

  test('takes the devices from standard input', async () => {
    const hub = fleet();
    const { stdout } = await type(hub, ['send-command', '--from', '-', 'ping', '-o', 'name'], {
      stdin: 'pump-1\ntruck-*\n',
    });
    expect(stdout).toBe('pump-1\ntruck-1\n');
  });

  test('when it is a dry run, then it names the devices and sends nothing', async () => {
    const hub = fleet();
    expect(await type(hub, ['send-command', 'pump-*', 'ping', '--dry-run', '-o', 'name'])).toEqual({
      stdout: 'pump-1\npump-2\n',
      stderr: 'ping would be sent to 2 devices\n',
      code: 0,
    });
    expect(hub.invoked).toEqual([]);
  });

  test('when the profile is protected, then its name is asked for before devices are told anything', async () => {
    const hub = fleet();
    const rooms = roomsWith(hub, { protected: true });
    for (const device of ['pump-*', 'pump-1']) {
      const argv = ['send-command', device, 'reboot'];
      expect(await runLine(commandTable, { argv }, rooms)).toMatchObject({ code: 2, stdout: '' });
      expect(hub.invoked).toEqual([]);
    }
    const argv = ['send-command', 'pump-*', 'reboot', '--confirm', 'test'];
    expect(await runLine(commandTable, { argv }, rooms)).toMatchObject({ code: 0 });
  });
});
