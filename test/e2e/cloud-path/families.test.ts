/** The families of commands that need more of a hub than devices and twins, on a profile of a cloud hub. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openCloudBox, type CloudBox } from './cloud-box.ts';

describe('a profile of a cloud hub', { timeout: 60_000 }, () => {
  let box: CloudBox;
  beforeAll(async () => {
    box = await openCloudBox('tier=S3', ['--tier', 'S3'], ['--route', 'deviceLifecycleEvents']);
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
  const fileOf = async (name: string, content: string): Promise<string> => {
    const path = join(box.sandbox.directory, name);
    await writeFile(path, content);
    return path;
  };

  test('when modules are made, changed and deleted, then they are parts of their device', async () => {
    expect((await box.run(['module', 'create', 'pump-1/camera'])).code).toBe(0);
    expect((await box.run(['twin', 'set', 'pump-1/camera', 'zoom=2'])).code).toBe(0);
    expect(await json(['twin', 'show', 'pump-1/camera', '--section', 'desired'])).toEqual({ zoom: 2 });
    expect((await box.run(['module', 'delete', 'pump-1/camera', '--yes'])).code).toBe(0);
    expect((await box.run(['module', 'show', 'pump-1/camera'])).code).toBe(3);
  });

  test('when a job runs, then each device has a result', async () => {
    expect((await box.run(['job', 'run', 'twin', 'pump-*', 'rate=7', '--yes'])).code).toBe(0);
    expect(await json(['twin', 'show', 'pump-3', '--section', 'desired'])).toMatchObject({ rate: 7 });
    expect(await json(['job', 'list', '--query', 'length(@)'])).toBe(1);
  });

  test('when a configuration is applied, shown and deleted, then the hub has it and has it no longer', async () => {
    const content = { deviceContent: { 'properties.desired.level': 3 } };
    const file = await fileOf(
      'north.json',
      JSON.stringify({ id: 'north', targetCondition: "tags.site = 'north'", content }),
    );
    expect((await box.run(['configuration', 'apply', file, '--yes'])).code).toBe(0);
    expect(await json(['configuration', 'show', 'north'])).toMatchObject({ id: 'north' });
    expect((await box.run(['configuration', 'delete', 'north', '--yes'])).code).toBe(0);
    expect(await json(['configuration', 'list'])).toEqual([]);
  });

  test('when a fleet is exported and imported, then nothing is different', async () => {
    const file = join(box.sandbox.directory, 'fleet.ndjson');
    expect((await box.run(['device', 'export', '--out', file])).code).toBe(0);
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(3);
    const { code, stderr } = await box.run(['device', 'import', file, '--yes']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error') as string });
  });

  test('when a key is renewed, then the device has another', async () => {
    const words = ['device', 'show', 'pump-3', '--show-secrets', '--query', 'connectionString'];
    const before = await json(words);
    expect((await box.run(['device', 'renew-key', 'pump-3', '--yes'])).code).toBe(0);
    expect(await json(words)).not.toBe(before);
  });

  test('when events are followed, then those that are routed to the endpoint of telemetry come from there', async () => {
    const words = ['tail', 'events', '--type', 'created', '--since', '1h', '--count', '3', '--timeout', '30s'];
    const { code, stdout } = await box.run([...words, '-o', 'ndjson']);
    const devices = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { deviceId: string }).deviceId);
    expect({ code, devices: devices.toSorted() }).toEqual({ code: 0, devices: ['pump-1', 'pump-2', 'pump-3'] });
  });

  test('when messages are sent and purged, then their feedback says so', async () => {
    const sent = await box.run(['send-message', 'pump-2', 'hello', '--ack', 'full', '--message-id', 'm-1']);
    expect(sent.code).toBe(0);
    expect(await json(['twin', 'show', 'pump-2', '--query', 'cloudToDeviceMessageCount'])).toBe(1);
    expect((await box.run(['message', 'purge', 'pump-2', '--yes'])).code).toBe(0);
    const { code, stdout } = await box.run(['tail', 'feedback', '--count', '1', '--timeout', '30s', '-o', 'ndjson']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('m-1') as string });
  });

  test('when port 5671 is blocked, then telemetry and messages go over a WebSocket on the port of HTTPS', async () => {
    const { ports, caFile } = box.info;
    const where = ['--service-url', `https://localhost:${ports.https}`, '--amqp-url', 'amqps://localhost:9'];
    const words = ['--kind', 'cloud', '--connection-string-file', box.connectionStringFile, '--ca-file', caFile];
    expect((await box.run(['profile', 'add', 'blocked', ...words, ...where, '--tier', 'S3'])).code).toBe(0);
    const blocked = ['--profile', 'blocked'];
    expect((await box.run(['doctor', ...blocked])).stdout).toContain('AMQP over a WebSocket; port 9 does not answer');
    expect((await box.run(['send-message', 'pump-3', 'hello', ...blocked])).code).toBe(0);
    const device = await box.connect('pump-3');
    await device.sendTelemetry({ pressure: 5 });
    const tail = ['tail', 'telemetry', 'pump-3', '--since', '1h', '--count', '1', '--timeout', '30s', '-o', 'ndjson'];
    const { code, stdout } = await box.run([...tail, ...blocked]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('"pressure":5') as string });
  });

  test('when tokens are made, then no hub is needed', async () => {
    const before = box.seen.length;
    const { stdout, code } = await box.run(['sas', 'create']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^SharedAccessSignature sr=localhost&/) as string,
    });
    expect(box.seen.length).toBe(before);
  });

  test('when enrollments are wanted, then the provisioning service has to be named: a cloud hub does not know it', async () => {
    const { code, stderr } = await box.run(['enrollment', 'list']);
    expect({ code, hint: stderr.includes('--dps-connection-string-file') }).toEqual({ code: 2, hint: true });
  });

  test.each([
    ['hub fault list', 'faults'],
    ['hub fault add drop --yes', 'faults'],
    ['certificate list', 'CA certificates'],
    ['tail messages --timeout 5s', 'messages'],
    ['message list pump-1', 'queue'],
    ['message peek pump-1', 'queue'],
  ])('when iotctl %s needs what only its own hub has, then that is said with what would do', async (line, thing) => {
    const { code, stderr, stdout } = await box.run(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: .*(does not serve|only iotctl's own hub)/);
    expect(stderr).toContain(thing);
    expect(stderr).toMatch(/\nhint: ./);
  });
});
