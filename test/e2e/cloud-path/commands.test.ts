/** Every family of commands on a profile of a cloud hub: by the plain REST API alone, nothing of iotctl's own is asked for. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openCloudBox, type CloudBox } from './cloud-box.ts';

describe('a profile of a cloud hub', { timeout: 60_000 }, () => {
  let box: CloudBox;
  beforeAll(async () => {
    // The largest tier: these tests are about what is asked, not about how fast.
    box = await openCloudBox('tier=S3', ['--tier', 'S3']);
    await box.run(['provision', 'pump-1', 'pump-2', 'pump-3', '--tag', 'site=north']);
  }, 60_000);
  afterAll(async () => box.close());
  afterEach(() => {
    expect(box.seen.filter(({ path }) => path.toLowerCase().startsWith('/iotctl'))).toEqual([]);
  });

  const json = async (words: readonly string[]): Promise<unknown> => {
    const { stdout, stderr, code } = await box.run([...words, '-o', 'json']);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  test('when devices are provisioned and listed, then they are there', async () => {
    expect(await json(['device', 'list', '--query', '[].deviceId'])).toEqual(['pump-1', 'pump-2', 'pump-3']);
    expect(box.seen.some(({ method, path }) => method === 'POST' && path === '/devices')).toBe(true);
  });

  test('when devices are shown, disabled, enabled and deleted, then so they are', async () => {
    expect((await box.run(['device', 'disable', 'pump-2', '--yes'])).code).toBe(0);
    expect(await json(['device', 'show', 'pump-2'])).toMatchObject({ deviceId: 'pump-2', status: 'disabled' });
    expect((await box.run(['device', 'enable', 'pump-2', '--yes'])).code).toBe(0);
    expect((await box.run(['provision', 'short-lived'])).code).toBe(0);
    expect((await box.run(['device', 'delete', 'short-lived', '--yes'])).code).toBe(0);
    expect((await box.run(['device', 'show', 'short-lived'])).code).toBe(3);
  });

  test('when twins are set, unset, compared and queried, then as on any hub', async () => {
    expect((await box.run(['twin', 'set', 'pump-1', 'interval=5', 'mode=auto', 'tags.floor=2'])).code).toBe(0);
    expect((await box.run(['twin', 'unset', 'pump-1', 'mode'])).code).toBe(0);
    expect(await json(['twin', 'show', 'pump-1', '--section', 'desired'])).toEqual({ interval: 5 });
    expect(await json(['twin', 'diff', 'pump-1', '--query', '[].path'])).toEqual(['interval']);
    expect(await json(['query', 'SELECT deviceId FROM devices WHERE tags.floor = 2'])).toEqual([
      { deviceId: 'pump-1' },
    ]);
    expect((await box.run(['twin', 'set', '--where', "tags.site = 'north'", 'rate=1', '--yes'])).code).toBe(0);
    expect(await json(['twin', 'show', 'pump-3', '--section', 'desired'])).toEqual({ rate: 1 });
  });

  test('when a command is sent, then the device answers it, and one that is away is told as such', async () => {
    const device = await box.connect('pump-1');
    device.onMethod(async (name) => ({ status: 200, payload: { did: name } }));
    expect(await json(['send-command', 'pump-1', 'reboot', '--query', 'payload'])).toEqual({ did: 'reboot' });
    expect((await box.run(['send-command', 'pump-2', 'reboot'])).code).toBe(6);
  });

  test('when telemetry is followed, then what was stored comes first and what is sent next', async () => {
    const device = await box.connect('pump-2');
    await device.sendTelemetry({ temperature: 21 });
    const tail = ['tail', 'telemetry', 'pump-2', '--since', '1h', '-o', 'ndjson'];
    const following = box.sandbox.start([...tail, '--count', '2', '--timeout', '30s']);
    await following.says('21');
    await device.sendTelemetry({ temperature: 22 });
    const { stdout, code } = await following.finished;
    const bodies = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { body: unknown }).body);
    expect({ code, bodies }).toEqual({ code: 0, bodies: [{ temperature: 21 }, { temperature: 22 }] });
  });

  test('when this machine and simulated ones are devices, then they are made and send', async () => {
    const agent = await box.run(['agent', '--device', 'this-machine', '--once', '-o', 'json']);
    expect({ code: agent.code, stderr: agent.stderr }).toEqual({
      code: 0,
      stderr: expect.not.stringContaining('error') as string,
    });
    const simulated = await box.run(['simulate', 'room', '--count', '2', '--rate', '10', '--for', '1s', '-o', 'json']);
    expect(simulated.code).toBe(0);
    const words = [
      'tail',
      'telemetry',
      '--since',
      '1h',
      '--count',
      '3',
      '--timeout',
      '30s',
      '-o',
      'ndjson',
      'room-*',
      'this-machine',
    ];
    expect((await box.run(words)).code).toBe(0);
    expect((await box.run(['device', 'delete', 'room-*', 'this-machine', '--yes'])).code).toBe(0);
  });

  test('when devices are watched, then changes are seen', async () => {
    const watching = box.sandbox.start([
      'device',
      'watch',
      'pump-*',
      '--interval',
      '200ms',
      '--count',
      '1',
      '-o',
      'ndjson',
    ]);
    await watching.says('watching 3 devices');
    await box.run(['device', 'disable', 'pump-3', '--yes']);
    const { stdout, code } = await watching.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('pump-3') as string });
  });

  test('when the doctor looks, then all is well and what the hub does not serve is said', async () => {
    const { stdout, code } = await box.run(['doctor', '-o', 'json']);
    expect(code).toBe(0);
    const checks = JSON.parse(stdout) as { name: string; verdict: string; detail: string }[];
    expect(checks.find(({ name }) => name === 'services')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringContaining(
        "not the status of the hub, faults and all else that only iotctl's own hub has",
      ) as string,
    });
  });

  test('when the profile is shown with a look at the hub, then its parts are told', async () => {
    const parts = await json(['profile', 'show', 'cloud', '--probe', '--query', 'parts[].[part, served]']);
    expect(parts).toEqual([
      ['devices', true],
      ['twins', true],
      ['messages', true],
      ['extensions', false],
    ]);
  });
});
