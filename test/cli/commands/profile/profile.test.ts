import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withSession } from '../../support/registry-rooms.ts';

const key = Buffer.from('a key that nobody may see on the screen').toString('base64');
const connectionString = `HostName=plant.azure-devices.net;SharedAccessKeyName=service;SharedAccessKey=${key}`;

describe('profile add', () => {
  test('when the connection string is piped in, then the profile is added, selected, and the key shown nowhere', () =>
    withSession(async ({ run, store }) => {
      const { code, stdout, stderr } = await run(['profile', 'add', 'plant'], { stdin: `${connectionString}\n` });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toContain(
        'profile plant is plant.azure-devices.net, policy service; its key is in a file only you can read',
      );
      expect(stderr).toContain('plant is now selected');
      expect(stderr).not.toContain(key);
      expect(await store.connect('plant')).toMatchObject({ sharedAccessKey: key, kind: 'cloud' });
    }));

  test('when it comes from a file or the environment, then flags complete it', () =>
    withSession(async ({ run, store, directory }) => {
      const file = join(directory, 'connection.txt');
      writeFileSync(file, connectionString);
      const flags = [
        '--connection-string-file',
        file,
        '--service-url',
        'https://localhost:9443',
        '--ca-file',
        file,
        '--protected',
      ];
      expect((await run(['profile', 'add', 'one', ...flags])).code).toBe(0);
      expect(await store.get('one')).toEqual({
        name: 'one',
        kind: 'cloud',
        auth: 'key',
        hostName: 'plant.azure-devices.net',
        sharedAccessKeyName: 'service',
        serviceUrl: 'https://localhost:9443',
        caFile: file,
        protected: true,
      });
      expect((await run(['profile', 'add', 'two'], { env: { IOTCTL_CONNECTION_STRING: connectionString } })).code).toBe(
        0,
      );
      expect(await store.selected()).toBe('one');
      expect(
        (await run(['profile', 'add', 'three', '--use', '--connection-string-file', '-'], { stdin: connectionString }))
          .code,
      ).toBe(0);
      expect(await store.selected()).toBe('three');
    }));

  test('when the name is taken, then only --replace replaces it', () =>
    withSession(async ({ run }) => {
      await run(['profile', 'add', 'plant'], { stdin: connectionString });
      expect((await run(['profile', 'add', 'plant'], { stdin: connectionString })).code).toBe(5);
      expect((await run(['profile', 'add', 'plant', '--replace'], { stdin: connectionString })).code).toBe(0);
    }));

  test.each([
    ['', 'there is no connection string'],
    ['HostName=x;SharedAccessKeyName=y', 'SharedAccessKey'],
    [`HostName=x;DeviceId=d;SharedAccessKey=${key}`, ''],
  ])('when the input is %j, then exit 2 and nothing is kept', (stdin, text) =>
    withSession(async ({ run, store }) => {
      const { code, stderr } = await run(['profile', 'add', 'plant'], { stdin });
      expect(code).toBe(2);
      expect(stderr).toContain(text);
      expect(stderr).not.toContain(key);
      expect(await store.list()).toEqual([]);
    }),
  );

  test('when the name or a URL is not valid, then exit 2', () =>
    withSession(async ({ run }) => {
      expect((await run(['profile', 'add', '../x'], { stdin: connectionString })).code).toBe(2);
      expect(
        (await run(['profile', 'add', 'x', '--service-url', 'http://elsewhere.example'], { stdin: connectionString }))
          .code,
      ).toBe(2);
    }));
});

const two = (work: Parameters<typeof withSession>[0]) => () =>
  withSession(async (session) => {
    for (const name of ['plant', 'site']) {
      await session.store.save(
        {
          name,
          kind: 'cloud',
          auth: 'key',
          hostName: `${name}.example`,
          sharedAccessKeyName: 'service',
          protected: name === 'site',
        },
        key,
      );
    }
    await session.store.select('plant');
    await work(session);
  });

describe('the other profile commands', () => {
  test(
    'when they are listed, then a star marks the selected one and no key is there',
    two(async ({ run }) => {
      const { stdout } = await run(['profile', 'list']);
      expect(stdout).toBe(
        '   PROFILE  KIND   HUB            ACCESS          PROTECTED\n*  plant    cloud  plant.example  policy service\n   site     cloud  site.example   policy service  yes\n',
      );
      const json = JSON.parse((await run(['profile', 'list', '-o', 'json'])).stdout) as {
        name: string;
        selected: boolean;
      }[];
      expect(json.map(({ name, selected }) => [name, selected])).toEqual([
        ['plant', true],
        ['site', false],
      ]);
      expect(JSON.stringify(json)).not.toContain(key);
    }),
  );

  test(
    'when one cannot be read, then the others are listed all the same, and the failure names it',
    two(async ({ run, directory }) => {
      writeFileSync(join(directory, 'config', 'profiles', 'site.json'), '{ "name": ');
      const { code, stdout, stderr } = await run(['profile', 'list', '-o', 'name']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: 'plant\n' });
      expect(stderr).toContain('site.json');
    }),
  );

  test(
    'when another is used, then it is selected; a variable that wins is told',
    two(async ({ run, store }) => {
      const { stderr } = await run(['profile', 'use', 'site'], { env: { IOTCTL_PROFILE: 'plant' } });
      expect(await store.selected()).toBe('site');
      expect(stderr).toContain('IOTCTL_PROFILE is set and wins');
      expect((await run(['profile', 'use', 'nowhere'])).code).toBe(3);
      expect(await store.selected()).toBe('site');
    }),
  );

  test(
    'when one is shown, then the key only with --show-secrets',
    two(async ({ run }) => {
      expect((await run(['profile', 'show', '-o', 'name'])).stdout).toBe('plant\n');
      expect((await run(['profile', 'show', 'site'])).stdout).not.toContain(key);
      expect((await run(['profile', 'show', 'site', '--show-secrets', '--query', 'connectionString'])).stdout).toBe(
        `HostName=site.example;SharedAccessKeyName=service;SharedAccessKey=${key}\n`,
      );
    }),
  );

  test(
    'when one is removed, then only after a yes',
    two(async ({ run, store }) => {
      expect((await run(['profile', 'remove', 'plant'])).code).toBe(2);
      expect(await store.list()).toHaveLength(2);
      const { stderr } = await run(['profile', 'remove', 'plant', '--yes']);
      expect(stderr).toContain('no profile is selected now');
      expect(await store.list()).toHaveLength(1);
      expect((await run(['profile', 'remove', 'plant', '--yes'])).code).toBe(3);
    }),
  );
});

test(
  'when a profile is protected, then it is removed or replaced only by its name',
  two(async ({ run, store }) => {
    const refused = await run(['profile', 'remove', 'site', '--yes']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--confirm site');
    expect((await run(['profile', 'add', 'site', '--replace', '--yes'], { stdin: connectionString })).code).toBe(2);
    expect(await store.get('site')).toMatchObject({ hostName: 'site.example' });
    const flags = ['--replace', '--confirm', 'site'];
    expect((await run(['profile', 'add', 'site', ...flags], { stdin: connectionString })).code).toBe(0);
    expect((await run(['profile', 'remove', 'site', '--yes'])).code).toBe(0);
  }),
);

test('when no profile is selected, then show says what helps', () =>
  withSession(async ({ run }) => {
    const { code, stderr } = await run(['profile', 'show']);
    expect(code).toBe(2);
    expect(stderr).toContain('iotctl hub start');
  }));

test('when a profile file cannot be understood, then exit 2 names it', () =>
  withSession(async ({ run, store, directory }) => {
    await store.save(
      { name: 'plant', kind: 'cloud', auth: 'key', hostName: 'x.example', sharedAccessKeyName: 'service' },
      key,
    );
    const file = join(directory, 'config', 'profiles', 'plant.json');
    writeFileSync(file, '{oops');
    const { code, stderr } = await run(['profile', 'list']);
    expect(code).toBe(2);
    expect(stderr).toContain(file);
    expect(stderr).toContain('it was left as it is');
  }));

describe('profile add --entra', () => {
  const words = ['profile', 'add', 'plant', '--entra', '--hub', 'plant.azure-devices.net'];

  test('when only the hub is named, then whoever is signed in is used, and that telemetry needs more is told', () =>
    withSession(async ({ run, store }) => {
      const { code, stderr } = await run(words);
      expect({ code, selected: await store.selected() }).toEqual({ code: 0, selected: 'plant' });
      expect(stderr).toContain('profile plant is plant.azure-devices.net, by Entra ID');
      expect(stderr).toContain('telemetry needs --event-hub-connection-string-file');
      expect(await store.connect('plant')).toEqual({
        name: 'plant',
        kind: 'cloud',
        auth: 'entra',
        hostName: 'plant.azure-devices.net',
        credential: 'default',
        source: 'profile',
      });
    }));

  test('when everything is said, then it is kept, shown, and the secret of telemetry is in no listing', () =>
    withSession(async ({ run, store, directory }) => {
      const file = join(directory, 'events.txt');
      const events = `Endpoint=sb://plant.servicebus.windows.net/;SharedAccessKeyName=s;SharedAccessKey=${key};EntityPath=plant`;
      writeFileSync(file, `${events}\n`);
      const more = ['--credential', 'device-code', '--tenant', 'contoso.example', '--client-id', 'c', '--tier', 'S2'];
      const rest = ['--units', '3', '--consumer-group', 'operators', '--amqp-websockets', 'always'];
      const { code, stderr } = await run([...words, ...more, ...rest, '--event-hub-connection-string-file', file]);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining('by Entra ID (device-code)') as string,
      });
      expect(await store.connect('plant')).toMatchObject({ eventHubConnectionString: events, tier: 'S2', units: 3 });
      const shown = await run(['profile', 'show', '-o', 'json']);
      expect(JSON.parse(shown.stdout)).toMatchObject({
        auth: 'entra',
        credential: 'device-code',
        tenantId: 'contoso.example',
        clientId: 'c',
        sharedAccessKeyName: null,
        tier: 'S2',
        units: 3,
        consumerGroup: 'operators',
        amqpWebSockets: 'always',
      });
      const listed = await run(['profile', 'list']);
      expect(listed.stdout).toContain('Entra ID (device-code)');
      expect(shown.stdout + listed.stdout + stderr).not.toContain(key);
      expect((await run(['profile', 'show', '--show-secrets'])).code).toBe(2);
    }));

  test.each([
    [['--entra'], '--entra needs the name of the hub'],
    [['--amqp-url', 'http://x'], 'the AMQP URL of plant must be amqps://HOST:PORT'],
    [['--amqp-url', 'amqp://plant.example'], 'the AMQP URL of plant must be amqps://HOST:PORT'],
    [['--entra', '--hub', 'https://plant.example'], '--hub is no host name'],
    [['--hub', 'plant.example'], '--hub goes with --entra'],
    [['--credential', 'cli'], '--credential goes with --entra'],
    [['--tenant', 'x'], '--tenant goes with --entra'],
    [['--client-id', 'x'], '--client-id goes with --entra'],
    [['--entra', '--hub', 'h.example', '--credential', 'guess'], '--credential: "guess" is not one of'],
    [['--entra', '--hub', 'h.example', '--units', '0'], '--units: "0" is not between 1 and 10000'],
  ])('when %j is typed, then exit 2 says why and nothing is kept', (flags, problem) =>
    withSession(async ({ run, store }) => {
      const { code, stderr } = await run(['profile', 'add', 'plant', ...flags], { stdin: connectionString });
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(problem) as string });
      expect(await store.list()).toEqual([]);
    }),
  );

  test('when the connection string for telemetry is that of a policy, then what is missing is named, and no secret', () =>
    withSession(async ({ run, directory }) => {
      const file = join(directory, 'events.txt');
      writeFileSync(file, connectionString);
      const { code, stderr } = await run([...words, '--event-hub-connection-string-file', file]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('has no Endpoint') as string });
      expect(stderr).not.toContain(key);
    }));
});
