import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastingHubPorts } from '../support/lasting-ports.ts';
import { createSandbox, type Sandbox } from './harness/sandbox.ts';
import { openTerminal } from './harness/terminal.ts';

const freePorts = { mqtt: 0, mqtts: 0, amqp: 0, amqps: 0, http: 0, https: 0 };

interface Ports {
  readonly mqtt: number;
  readonly mqtts: number;
  readonly http: number;
  readonly https: number;
}

function portWords(ports: object): string[] {
  return Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, String(port ?? 'off')]);
}

describe('a hub in the background and the commands beside it', () => {
  let box: Sandbox;
  let ports: Ports;
  beforeAll(async () => {
    box = await createSandbox();
    const words = portWords(await lastingHubPorts());
    const { stdout, stderr, code } = await box.run(['hub', 'start', '--detach', ...words, '-o', 'json']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('the hub runs in the background; iotctl hub stop ends it'),
    });
    ports = (JSON.parse(stdout) as { ports: Ports }).ports;
  });
  afterAll(async () => {
    await box.run(['hub', 'stop']);
    await box.remove();
  });

  /** Sends messages over plain HTTP, as a device does. */
  async function sendMessages(deviceId: string, bodies: readonly unknown[]): Promise<void> {
    const { stdout } = await box.run(['provision', deviceId, '--show-secrets', '-o', 'json']);
    const [{ connectionString }] = JSON.parse(stdout) as [{ connectionString: string }];
    const { createSasToken } = await import('../../src/protocol/sas-token.ts');
    const { parseConnectionString } = await import('../../src/protocol/connection-string.ts');
    const { sharedAccessKey: key = '' } = parseConnectionString(connectionString);
    const resource = `localhost/devices/${deviceId}`;
    const authorization = createSasToken({ resource, key, expiresAt: Math.floor(Date.now() / 1_000) + 600 });
    for (const body of bodies) {
      const url = `http://127.0.0.1:${ports.http}/devices/${deviceId}/messages/events?api-version=2021-04-12`;
      const answer = await fetch(url, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(204);
    }
  }

  test('status says that it runs; a second one on the same data is refused with the reason of the child', async () => {
    const status = await box.run(['hub', 'status', '-o', 'json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ running: true, ports });
    expect((await stat(join(box.directory, 'data/hub/hub.log'))).mode & 0o777).toBe(0o600);
    const second = await box.run(['hub', 'start', '--detach', ...portWords(freePorts)]);
    expect(second).toMatchObject({ code: 5, stdout: '' });
    expect(second.stderr).toMatch(/^error: a hub runs already \(process \d+\)/);
  });

  test('the output of hub env is for a shell, and no key is on a command line', async () => {
    const { stdout, code } = await box.shell(
      'eval "$(iotctl hub env)"; echo "$IOTHUB_HOSTNAME $IOTHUB_MQTT_PORT"; test -r "$NODE_EXTRA_CA_CERTS"',
    );
    expect({ stdout, code }).toEqual({ stdout: `localhost ${ports.mqtt}\n`, code: 0 });
  });

  test('ten thousand devices from a CSV, with progress on the terminal and results in a file', async () => {
    const lines = Array.from({ length: 10_000 }, (_, n) => `csv-${n},,enabled,north,${n % 7}`);
    await writeFile(
      join(box.directory, 'devices.csv'),
      ['deviceId,key,status,TAG:site,DESIRED:interval', ...lines].join('\n'),
    );
    const terminal = openTerminal(box, ['provision', '--from', 'devices.csv'], { columns: 100 });
    expect(await terminal.finished).toBe(0);
    expect(terminal.screen()).toMatch(/provisioning {2}[█░]+ +\d+% {2}\d+\/10000/);
    expect(terminal.screen()).toContain('10000 created');
    expect(terminal.screen()).not.toContain('csv-1 ');
  });

  test('without arguments provision asks', async () => {
    const terminal = openTerminal(box, ['provision']);
    await terminal.shows('Device id:');
    terminal.type('asked\r');
    await terminal.shows('How many devices?');
    terminal.type('2\r');
    await terminal.shows('Tags');
    terminal.type('site=north floor=2\r');
    expect(await terminal.finished).toBe(0);
    expect(terminal.screen()).toContain('asked-002');
    const { stdout } = await box.run([
      'query',
      "SELECT deviceId, tags.floor AS floor FROM devices WHERE STARTSWITH(deviceId, 'asked')",
      '-o',
      'json',
    ]);
    expect(JSON.parse(stdout)).toEqual([
      { deviceId: 'asked-001', floor: 2 },
      { deviceId: 'asked-002', floor: 2 },
    ]);
  });

  test('a tail ends quietly when its reader goes, and with 130 at Ctrl-C', async () => {
    await sendMessages('sender', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const head = await box.shell(
      'iotctl tail telemetry sender --since 1h --count 3 -o ndjson | head -n 1; echo "${PIPESTATUS[0]}"',
    );
    expect(head.stdout).toMatch(/^\{"deviceId":"sender",.*"body":\{"n":1\}\}\n0\n$/);
    expect(head.stderr).toBe('');
    const terminal = openTerminal(box, ['tail', 'telemetry', '--since', '1h', '--no-color']);
    await terminal.shows('sender  n=3');
    terminal.type('\u0003');
    expect(await terminal.finished).toBe(130);
  });

  test('a tail lives through a restart of the hub and says so', async () => {
    await sendMessages('survivor', [{ n: 0 }]);
    const tail = box.start(['tail', 'telemetry', 'survivor', '--since', '1h', '--count', '3', '-o', 'ndjson']);
    await tail.says('"n":0');
    expect(await box.run(['hub', 'stop'])).toMatchObject({ code: 0, stdout: '' });
    await tail.says('lost the hub');
    expect((await box.run(['hub', 'start', '--detach', ...portWords(ports)])).code).toBe(0);
    await sendMessages('survivor', [{ n: 1 }, { n: 2 }]);
    const { stdout, stderr, code } = await tail.finished;
    expect(code).toBe(0);
    const bodies = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { body: unknown }).body);
    expect(bodies).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(stderr).toMatch(/back after [\d.]+ s, \d+ messages? caught up/);
  });

  test('what went wrong in the background is said in front', async () => {
    const data = join(box.directory, 'second');
    const words = ['hub', 'start', '--detach', '--data', data, ...portWords({ ...freePorts, mqtt: ports.mqtt })];
    const { stderr, code } = await box.run(words);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: port ${ports.mqtt} for plain MQTT is in use by another program`);
    expect(stderr).toContain('--mqtt-port');
    expect(await readFile(join(data, 'hub.log'), 'utf8')).not.toContain('SharedAccessKey');
  });
});
