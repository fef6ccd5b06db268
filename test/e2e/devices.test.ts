/** The commands that are devices: demo, agent and simulate, as processes. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from './harness/sandbox.ts';
import { openTerminal } from './harness/terminal.ts';

let sandbox: Sandbox;
/** Temporary files of the spawned programs, apart from those of other runs. */
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  sandbox = await createSandbox();
  env = { TMPDIR: join(sandbox.directory, 'tmp') };
  await mkdir(join(sandbox.directory, 'tmp'));
});
afterAll(() => sandbox.remove());

function temporaryFiles(): Promise<string[]> {
  return readdir(join(sandbox.directory, 'tmp'));
}

describe('iotctl demo', { timeout: 60_000 }, () => {
  test('on a pipe: the whole story in at most 60 lines and 30 seconds, exit 0, nothing left', async () => {
    const startedAt = performance.now();
    const { code, stdout, stderr } = await sandbox.run(['demo'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(lines.filter((line) => line.includes('✓'))).toHaveLength(9);
    expect(lines.at(-1)).toMatch(/^Done\. {2}10 devices, \d+ messages/);
    expect(await temporaryFiles()).toEqual([]);
  });

  test('on a terminal, stopped by Ctrl-C in the middle: exit 130, nothing left', async () => {
    const terminal = openTerminal(sandbox, ['demo'], { env, columns: 120 });
    await terminal.shows('Watch live telemetry');
    terminal.type('\u0003');
    expect(await terminal.finished).toBe(130);
    expect(await temporaryFiles()).toEqual([]);
  });

  test('with --keep: the hub goes on under a profile until it is stopped, and what it says to try works', async () => {
    const demo = sandbox.start(['demo', '--keep'], { env });
    await demo.says('device list');
    const answer = await sandbox.run(['--profile', 'demo', 'send-command', 'truck-005', 'diagnose', '-o', 'json']);
    expect(answer.code).toBe(0);
    expect(answer.stdout).toContain('refrigerant low');
    const query = "SELECT * FROM devices WHERE tags.service = 'cooling'";
    expect((await sandbox.run(['--profile', 'demo', 'query', query, '-o', 'name'])).stdout).toBe('truck-005\n');
    demo.child.kill('SIGTERM');
    expect((await demo.finished).code).toBe(143);
    expect(await temporaryFiles()).toEqual([]);
    expect((await sandbox.run(['profile', 'list', '-o', 'name'])).stdout).not.toContain('demo');
  });
});

describe('with a hub', { timeout: 60_000 }, () => {
  let stopHub: () => Promise<unknown>;
  beforeAll(async () => {
    const ports = ['mqtt', 'mqtts', 'http', 'https'].flatMap((name) => [`--${name}-port`, '0']);
    const hub = sandbox.start(['hub', 'start', ...ports]);
    await hub.says('is ready');
    stopHub = () => {
      hub.child.kill('SIGTERM');
      return hub.finished;
    };
  });
  afterAll(() => stopHub());

  test('simulate: the summary as JSON on a pipe, and the messages are there', async () => {
    const words = [
      'simulate',
      'oil-pump',
      '--count',
      '5',
      '--rate',
      '50',
      '--for',
      '2s',
      '--prefix',
      'p-',
      '-o',
      'json',
    ];
    const { code, stdout } = await sandbox.run(words);
    expect(code).toBe(0);
    const [summary] = JSON.parse(stdout) as [{ acknowledged: number }];
    expect(summary).toMatchObject({ model: 'oil-pump', devices: 5, connected: 5, failed: 0 });
    const tail = [
      'tail',
      'telemetry',
      'p-*',
      '--since',
      '1h',
      '--count',
      String(summary.acknowledged),
      '--timeout',
      '10s',
      '-o',
      'name',
    ];
    const stored = await sandbox.run(tail);
    expect(stored.stdout.trimEnd().split('\n')).toHaveLength(summary.acknowledged);
  });

  test('simulate: wrong words end with one line and exit 2', async () => {
    expect(await sandbox.run(['simulate', 'submarine'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: model: "submarine" is not one of refrigerated-truck, .*\n$/) as string,
    });
    expect(await sandbox.run(['simulate', 'room', '--speed', 'fast'])).toMatchObject({ code: 2 });
    expect(await sandbox.run(['simulate', 'room', '--rate', '0'])).toMatchObject({ code: 2 });
  });

  test('agent: sends, answers, runs what is allowed, and ends with a summary', async () => {
    const script = join(sandbox.directory, 'hello');
    await writeFile(script, '#!/bin/sh\necho hello; env\n', { mode: 0o700 });
    const agent = sandbox.start(
      ['agent', '--device', 'me', '--interval', '1s', '--metric', 'uptime', '--allow', `hi=${script}`],
      {
        env: { IOTCTL_SECRET: 'not for scripts' },
      },
    );
    await agent.says('connected to the hub');
    await agent.says('"uptime"');
    expect((await sandbox.run(['send-command', 'me', 'ping', '-o', 'json'])).stdout).toContain('pong');
    const run = await sandbox.run(['send-command', 'me', 'run', 'script=hi', '-o', 'json']);
    expect(run.stdout).toContain('hello');
    expect(run.stdout).not.toContain('not for scripts');
    expect((await sandbox.run(['send-command', 'me', 'run', 'script=/bin/ls'])).code).not.toBe(0);
    const second = await sandbox.run(['agent', '--device', 'me', '--once']);
    expect(second).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('another agent uses the outbox') as string,
    });
    agent.child.kill('SIGINT');
    const { code, stderr, stdout } = await agent.finished;
    expect(code).toBe(130);
    expect(stderr).toMatch(/readings: \d+ taken, \d+ delivered, 0 waiting, 0 lost/);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
      deviceId: 'me',
      body: { uptime: expect.any(Number) as number },
    });
  });

  test('agent: a device with the wrong key is refused with exit 4', async () => {
    const key = Buffer.alloc(32).toString('base64');
    const { stdout } = await sandbox.run(['profile', 'show', 'local', '-o', 'json']);
    const { deviceUrl, caFile } = JSON.parse(stdout) as { deviceUrl: string; caFile: string };
    const refused = await sandbox.run(['agent', '--once'], {
      env: {
        IOTCTL_DEVICE_CONNECTION_STRING: `HostName=localhost;DeviceId=me;SharedAccessKey=${key}`,
        IOTCTL_DEVICE_URL: deviceUrl,
        IOTCTL_CA_FILE: caFile,
      },
    });
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('refused the credentials') as string });
    expect(refused.stderr).not.toContain(key);
  });
});
