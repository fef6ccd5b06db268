import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTerminal } from '../harness/terminal.ts';
import { startHubBox, type HubBox } from './support/hub-box.ts';

/** Random bytes that are looked for wherever a secret must not be. */
const canary = randomBytes(32);
const key = canary.toString('base64');
/** The key of the hub itself, which it makes. */
let ownKey = '';
let hub: HubBox;

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'base64');
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('base64url'),
    Buffer.from(secret).toString('base64').slice(0, 40),
  ];
}

/** The forms of the secrets that a text holds. */
function leaksIn(text: string): string[] {
  return [key, ownKey].flatMap(formsOf).filter((form) => form !== '' && text.includes(form));
}

beforeAll(async () => {
  hub = await startHubBox();
  ownKey = /SharedAccessKey=(.*)$/.exec(hub.info.connectionString)?.[1] ?? '';
  expect(ownKey).toMatch(/^.{43}=$/);
  const { directory } = hub.box;
  await writeFile(
    join(directory, 'wrong'),
    `HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`,
  );
  await writeFile(join(directory, 'bad'), `HostName=localhost;SharedAccessKey=${key};Shared AccessKeyName;=${key}`);
  await writeFile(
    join(directory, 'devices.csv'),
    `deviceId,key,status\nkeyed,${key},enabled\nbroken,${key}${key}${key},enabled\nshifted,,${key}\n`,
  );
  const secure = `https://localhost:${hub.info.ports.https}`;
  const words = ['profile', 'add', 'wrong', '--connection-string-file', 'wrong', '--service-url', secure];
  expect((await hub.box.run([...words, '--ca-file', hub.info.caFile])).code).toBe(0);
  expect((await hub.box.run(['provision', '--from', 'devices.csv'])).code).toBe(7);
  const device = await hub.device('answers');
  device.onMethod(() => ({ status: 200, payload: 'ok' }));
  await device.sendTelemetry({ n: 1 });
});
afterAll(() => hub.close());

const lines = [
  'device list',
  'device show keyed',
  'device show keyed -o yaml',
  'device disable keyed',
  'device enable keyed -o json',
  'twin show keyed -o json',
  'twin set keyed a=1',
  'query SELECT*FROM',
  'provision another',
  'provision keyed -o json',
  'provision --from devices.csv --dry-run',
  'provision --from devices.csv -o csv',
  'send-command answers ping',
  'tail telemetry --since 1h --count 1',
  'agent --once --device machine',
  'simulate room --count 1 --for 1s',
  'hub status',
  'hub status -o json',
  'hub env --without-secrets',
  'hub start',
  'hub start --detach',
  'profile list -o json',
  'profile show local',
  'profile show wrong -o yaml',
  'doctor',
  'doctor -o json',
  '__complete device',
  'device list --profile wrong',
  'provision one --profile wrong',
  'send-command one ping --profile wrong',
  'tail telemetry --profile wrong',
  'agent --once --profile wrong',
  'simulate room --count 1 --for 1s --profile wrong',
  'doctor --profile wrong',
  'device list --connection-string-file bad',
  'device list --connection-string-file devices.csv',
  'profile add other --connection-string-file bad',
];

describe('a secret is shown to nobody who did not ask', () => {
  test.concurrent.each(lines)('%s', async (line) => {
    const { stdout, stderr } = await hub.box.run([...line.split(' '), '--debug']);
    expect({ stdout: leaksIn(stdout), stderr: leaksIn(stderr) }).toEqual({ stdout: [], stderr: [] });
  });

  test.concurrent('nor on a terminal, by the commands that give it to a program', async () => {
    for (const words of [
      ['hub', 'env'],
      ['hub', 'status', '-o', 'json'],
      ['provision', 'keyed', '-o', 'json'],
    ]) {
      const terminal = openTerminal(hub.box, words);
      await terminal.finished;
      expect(leaksIn(terminal.screen())).toEqual([]);
    }
  });

  test.concurrent('from the environment it goes to no child, and from a wrong variable to no message', async () => {
    const IOTCTL_CONNECTION_STRING = `HostName=localhost;SharedAccessKeyName=x;SharedAccessKey=${key};nonsense=1`;
    const { stderr, code } = await hub.box.run(['device', 'list', '--debug'], { env: { IOTCTL_CONNECTION_STRING } });
    expect({ code, leaks: leaksIn(stderr) }).toEqual({ code: 2, leaks: [] });
  });

  test.concurrent('typed at the question it is not echoed', async () => {
    const terminal = openTerminal(hub.box, ['profile', 'add', 'typed']);
    await terminal.shows('?');
    terminal.type(`HostName=typed.example;SharedAccessKeyName=service;SharedAccessKey=${key}\r`);
    expect(await terminal.finished).toBe(0);
    expect(leaksIn(terminal.screen())).toEqual([]);
  });

  test.concurrent('who asks gets it', async () => {
    const shown = await hub.box.run(['provision', 'keyed', '--show-secrets', '-o', 'json']);
    expect(leaksIn(shown.stdout)).toContain(key);
    expect(leaksIn((await hub.box.run(['hub', 'env'])).stdout)).toContain(ownKey);
    await hub.box.run(['provision', 'keyed', '--out', 'out.csv']);
    expect(leaksIn(await readFile(join(hub.box.directory, 'out.csv'), 'utf8'))).toContain(key);
  });
});

test('no process has a secret among its words or in its environment', async () => {
  const tail = hub.box.start(['tail', 'telemetry', '--since', '1h']);
  const agent = hub.box.start(['agent', '--device', 'machine']);
  await Promise.all([tail.says('"n":1'), agent.says('connected')]);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '');
    const environment = await read('environ');
    if (!environment.includes(`HOME=${hub.box.directory}\0`)) continue;
    expect([...leaksIn(environment), ...leaksIn(await read('cmdline'))]).toEqual([]);
  }
  tail.child.kill('SIGTERM');
  agent.child.kill('SIGTERM');
  await Promise.all([tail.finished, agent.finished]);
});

test('of the files, only those that are for secrets hold one', async () => {
  const { directory } = hub.box;
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (leaksIn(await readFile(path, 'latin1')).length > 0) found.push(path.slice(directory.length + 1));
  }
  const forSecrets =
    /^(config\/secrets\/\w+\.\w+\.key|data\/hub\/(registry\.db(-wal)?|hub\.json)|wrong|bad|devices\.csv|out\.csv)$/;
  expect(found.filter((path) => !forSecrets.test(path))).toEqual([]);
  expect(found).toContain('data/hub/hub.json');
});
