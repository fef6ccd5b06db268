import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import type { Rooms } from '../../../../src/cli/rooms.ts';
import { run } from '../../../../src/cli/run.ts';
import { openProfileStore, type ProfileStore } from '../../../../src/config/index.ts';
import { realClock } from '../../../support/real-clock.ts';
import {
  emptyRooms,
  fakeSystem,
  runLine,
  type FakeSystem,
  type FakeSystemOptions,
} from '../../support/fake-terminal.ts';

const freePorts = [
  '--mqtt-port',
  '0',
  '--mqtts-port',
  '0',
  '--amqp-port',
  '0',
  '--amqps-port',
  '0',
  '--http-port',
  '0',
  '--https-port',
  '0',
];

describe('the hub commands', () => {
  let directory = '';
  let store: ProfileStore;
  let rooms: Rooms;
  let env: Record<string, string>;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-hub-commands-'));
    store = openProfileStore({ directory: join(directory, 'config'), clock: realClock, keychain: 'off' });
    rooms = { ...emptyRooms, openProfiles: async () => store };
    env = { IOTCTL_DATA_DIR: join(directory, 'data'), IOTCTL_STATE_DIR: join(directory, 'state') };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** Starts a hub in this process; `stop` is its Ctrl-C. */
  async function start(
    ...words: string[]
  ): Promise<{ system: FakeSystem; ready: string; stop: () => Promise<number | undefined> }> {
    const ready = join(directory, 'ready.json');
    const options: FakeSystemOptions = { argv: ['hub', 'start', ...freePorts, '--ready-file', ready, ...words], env };
    const system: FakeSystem = {
      ...fakeSystem(options),
      clock: { ...realClock, advance: async () => undefined, pending: 0 },
    };
    const running = run(system, rooms, commandTable);
    // The ready file comes first, the announcement on stdout after it.
    const announced = async (): Promise<boolean> => (await exists(ready)) && system.stdout.text !== '';
    await Promise.race([running, expect.poll(announced, { timeout: 15_000 }).toBe(true)]);
    return {
      system,
      ready,
      async stop() {
        system.send('SIGINT');
        await running;
        return system.exits[0];
      },
    };
  }

  const line = (argv: readonly string[], more: FakeSystemOptions = {}): ReturnType<typeof runLine> =>
    runLine(commandTable, { argv, env, ...more }, rooms);

  test('when a hub starts, then it is announced, found, and stopped by Ctrl-C with exit code 0', async () => {
    const hub = await start('-o', 'json');
    try {
      expect((await stat(hub.ready)).mode & 0o777).toBe(0o600);
      const ready = JSON.parse(await readFile(hub.ready, 'utf8'));
      expect(Object.keys(ready)).toEqual([
        'hostName',
        'ports',
        'connectionString',
        'eventHubConnectionString',
        'dps',
        'caFile',
        'dataDir',
        'pid',
        'replacedPorts',
      ]);
      expect(ready.replacedPorts).toEqual([]);
      expect(ready.eventHubConnectionString).toMatch(
        /^Endpoint=sb:\/\/localhost:\d+;SharedAccessKeyName=service;SharedAccessKey=[^;]+;EntityPath=localhost;UseDevelopmentEmulator=true$/,
      );
      const shown = JSON.parse(hub.system.stdout.text);
      expect(shown).toMatchObject({
        hostName: 'localhost',
        ports: ready.ports,
        pid: 4711,
        eventHub: `sb://localhost:${ready.ports.amqp}/localhost`,
      });
      expect(hub.system.stdout.text + hub.system.stderr.text).not.toContain('SharedAccessKey');
      expect(await store.selected()).toBe('local');
      expect(await store.connect('local')).toMatchObject({
        serviceUrl: `https://127.0.0.1:${ready.ports.https}`,
        caFile: ready.caFile,
      });

      const status = await runStatus();
      expect(status).toMatchObject({
        running: true,
        devices: { total: 0, connected: 0 },
        telemetry: { messages: 0 },
        ports: ready.ports,
      });
      expect(JSON.stringify(status)).not.toContain('SharedAccessKey');

      const second = await line(['hub', 'start', ...freePorts]);
      expect(second).toMatchObject({ code: 5, stdout: '' });
      expect(second.stderr).toContain('a hub runs already (process 4711)');
    } finally {
      expect(await hub.stop()).toBe(0);
    }
    await expect(stat(hub.ready)).rejects.toThrow('ENOENT');
    expect(await line(['hub', 'status'])).toMatchObject({ code: 3, stdout: '' });
    expect(await line(['hub', 'stop'])).toMatchObject({ code: 3, stdout: '' });
  });

  test('when a consumer group has a name that no address can have, then the hub does not start', async () => {
    const { code, stderr } = await line(['hub', 'start', ...freePorts, '--consumer-group', 'a b']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--consumer-group: "a b"')]);
  });

  test.each(['bad host', 'hub.example:8883', 'https://hub.example', ''])(
    'when %j is to be its name, then the hub does not start',
    async (name) => {
      const { code, stderr } = await line(['hub', 'start', ...freePorts, '--hostname', name]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`--hostname: "${name}" is not`)]);
    },
  );

  test('when the hub imitates one in the cloud, then its status is what that tells', async () => {
    const hub = await start('--imitate', 'tier=S1');
    try {
      expect(await runStatus()).toMatchObject({
        running: true,
        pid: 4711,
        devices: { total: 0, enabled: 0, connected: 0 },
        telemetry: null,
      });
    } finally {
      expect(await hub.stop()).toBe(0);
    }
  });

  async function runStatus(): Promise<Record<string, unknown>> {
    const system: FakeSystem = {
      ...fakeSystem({ argv: ['hub', 'status', '-o', 'json'], env }),
      clock: { ...realClock, advance: async () => undefined, pending: 0 },
    };
    await run(system, rooms, commandTable);
    expect(system.stderr.text).toBe('');
    return JSON.parse(system.stdout.text) as Record<string, unknown>;
  }

  test('when an environment is asked for, then a shell takes it; a terminal sees the secret only when it asks', async () => {
    const hub = await start();
    try {
      const { connectionString, ports } = JSON.parse(await readFile(hub.ready, 'utf8'));
      const piped = await line(['hub', 'env']);
      const script = `${piped.stdout}printf '%s %s' "$IOTHUB_CONNECTION_STRING" "$IOTHUB_MQTTS_PORT"`;
      expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(`${connectionString} ${ports.mqtts}`);
      expect(piped.stderr).toContain('IOTHUB_CONNECTION_STRING gives full control of this hub');

      const seen = await line(['hub', 'env'], { isTTY: true });
      expect(seen.stdout).toContain('NODE_EXTRA_CA_CERTS');
      expect(seen.stdout + seen.stderr).not.toContain(connectionString);
      expect((await line(['hub', 'env', '--show-secrets'], { isTTY: true })).stdout).toContain(connectionString);
      expect((await line(['hub', 'env', '--without-secrets'])).stdout).not.toContain(connectionString);
      expect(JSON.parse((await line(['hub', 'env', '--format', 'json'])).stdout)).toMatchObject({
        IOTHUB_CONNECTION_STRING: connectionString,
      });

      const workflow = await line(['hub', 'env', '--format', 'github'], { env: { ...env, GITHUB_ACTIONS: 'true' } });
      expect(workflow.stdout).toContain(`\nIOTHUB_CONNECTION_STRING=${connectionString}\n`);
      expect(workflow.stderr).toMatch(/^::add-mask::HostName/);
    } finally {
      await hub.stop();
    }
    expect(await line(['hub', 'env'])).toMatchObject({ code: 3, stdout: '' });
  });

  test('when it is ephemeral, then no profile is made and nothing stays', async () => {
    const hub = await start('--ephemeral');
    const { dataDir } = JSON.parse(await readFile(hub.ready, 'utf8'));
    expect(dataDir).not.toContain(directory);
    expect(await store.list()).toEqual([]);
    expect(await hub.stop()).toBe(0);
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  test('when the profiles cannot be read, then the hub runs all the same and says so', async () => {
    rooms = {
      ...rooms,
      openProfiles: async () => ({
        ...store,
        get: async () => {
          throw new Error('broken');
        },
      }),
    };
    const hub = await start();
    expect(hub.system.stderr.text).toContain('warning: the profile "local" could not be kept: broken');
    expect(await hub.stop()).toBe(0);
  });

  test('when a port is taken, then one line names the flag, and no ready file is left', async () => {
    const first = await start('--data', join(directory, 'first'));
    try {
      const { ports } = JSON.parse(await readFile(first.ready, 'utf8'));
      const words = [
        'hub',
        'start',
        ...freePorts.slice(2),
        '--mqtt-port',
        String(ports.mqtt),
        '--ready-file',
        join(directory, 'second.json'),
      ];
      const { stderr, code } = await line(words);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `error: port ${ports.mqtt} for plain MQTT is in use by another program\nhint: choose another with --mqtt-port PORT`,
      );
      expect(await exists(join(directory, 'second.json'))).toBe(false);
    } finally {
      await first.stop();
    }
  });
});

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
