import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';
import { ownerToken, startHubBox, type HubBox } from './support/hub-box.ts';
import { expectOneError } from './support/one-error.ts';

/** Every command that talks to a hub. */
const hubCommands = [
  'provision one',
  'tail telemetry',
  'send-command one ping',
  'device list',
  'device show one',
  'device enable one',
  'device disable one',
  'device delete one --yes',
  'device watch',
  'twin show one',
  'twin set one a=1',
  'twin unset one a',
  'twin diff one',
  'agent --once',
  'simulate room --count 1 --for 1s',
] as const;

const wrongKey = Buffer.alloc(32, 7).toString('base64');

describe('without any hub', () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await createSandbox();
  });
  afterAll(() => box.remove());

  test.concurrent.each(hubCommands.slice(0, 5))('%s says how to choose one', async (line) => {
    const result = await box.run(line.split(' '));
    expectOneError(result, { code: 2, error: 'no hub is chosen' });
    expect(result.stderr).toContain('hint: iotctl hub start, or iotctl profile add NAME');
  });

  test.concurrent.each(['hub status', 'hub stop', 'hub env'])('%s', async (line) => {
    const result = await box.run(line.split(' '));
    expectOneError(result, { code: 3, error: 'no hub runs on ' });
    expect(result.stderr).toContain('hint: iotctl hub start');
  });
});

describe('a hub that cannot be reached, or does not let one in', () => {
  let hub: HubBox;
  let expiring: Server;
  const connectionString = `HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${wrongKey}`;
  const addProfile = async (name: string, serviceUrl: string, ...more: string[]): Promise<void> => {
    const words = ['profile', 'add', name, '--connection-string-file', 'key.txt', '--service-url', serviceUrl, ...more];
    expect(await hub.box.run(words)).toMatchObject({ code: 0, stdout: '' });
  };
  beforeAll(async () => {
    // Every command shows the same wrong key; what slows guessing has tests of its own.
    hub = await startHubBox({ IOTCTL_HUB_START_LIMIT: 'credentials.guesses=100000' });
    expiring = await startExpiring(hub);
    const secure = `https://localhost:${hub.info.ports.https}`;
    await hub.box.run(['provision', 'one']);
    await writeFile(join(hub.box.directory, 'key.txt'), connectionString);
    // Port 1 is nobody's on a machine of these days.
    await addProfile('dead', 'http://127.0.0.1:1');
    await addProfile('wrong', secure, '--ca-file', hub.info.caFile);
    await addProfile('stranger', secure);
    await addProfile('expired', `http://127.0.0.1:${(expiring.address() as AddressInfo).port}`);
  });
  afterAll(async () => {
    expiring.close();
    await hub.close();
  });

  const kinds = [
    ['dead', 9, 'nothing listens at 127.0.0.1:1', 'iotctl hub start, or iotctl profile list'],
    ['wrong', 4, /localhost does not allow this profile to /, 'the key is wrong or its policy lacks a permission'],
    ['stranger', 4, /the certificate of localhost:\d+ is signed by nobody/, 'iotctl profile add NAME --ca-file FILE'],
    ['expired', 4, /localhost (does not allow this profile to|refused the token)/, ''],
  ] as const;
  describe.each(kinds)('%s', (profile, code, error, hint) => {
    // A refusal takes the same way through every command: for its variants a few are enough.
    const lines = profile === 'dead' || profile === 'wrong' ? hubCommands : hubCommands.slice(0, 5);
    test.concurrent.each(lines)('%s', async (line) => {
      const result = await hub.box.run([...line.split(' '), '--profile', profile]);
      expectOneError(result, { code, error });
      // An agent can go on without a hub, and says how.
      if (!line.startsWith('agent')) expect(result.stderr).toContain(`hint: ${hint}`);
      expect(result.stderr).not.toContain(wrongKey);
    });
  });

  test('changed nothing', async () => {
    const { stdout } = await hub.box.run(['device', 'show', 'one', '-o', 'json', '--profile', 'local']);
    expect(JSON.parse(stdout)).toMatchObject({ deviceId: 'one', status: 'enabled' });
    const { stdout: list } = await hub.box.run(['device', 'list', '-o', 'name']);
    expect(list).toBe('one\n');
  });
});

/** Stands before the hub and makes every token one that has expired, signed with the right key; the hub itself answers. */
async function startExpiring(hub: HubBox): Promise<Server> {
  const server = createServer((asked, answer) => {
    const headers = { ...asked.headers, authorization: ownerToken(hub.info, -600) };
    const { method, url } = asked;
    const options = { host: '127.0.0.1', port: hub.info.ports.http ?? 0, method, path: url, headers };
    const passed = httpRequest(options, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
