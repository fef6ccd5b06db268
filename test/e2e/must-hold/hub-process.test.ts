import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HubInfo } from '../../../src/hub/index.ts';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';
import { openTerminal } from '../harness/terminal.ts';
import { freePorts } from './support/hub-box.ts';
import { expectOneError } from './support/one-error.ts';

let box: Sandbox;
const started: { kill(signal: NodeJS.Signals): unknown }[] = [];
beforeEach(async () => {
  box = await createSandbox();
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await box.remove();
});

function start(...words: string[]): ReturnType<Sandbox['start']> {
  const hub = box.start(['hub', 'start', ...freePorts, ...words]);
  started.push(hub.child);
  return hub;
}

const path = (name: string): string => join(box.directory, name);
const readInfo = async (name: string): Promise<HubInfo> => JSON.parse(await readFile(path(name), 'utf8')) as HubInfo;

test('a second hub on the same data is refused, and takes nothing from the first', async () => {
  const first = start('--ready-file', 'ready.json');
  await first.says('the hub is ready');
  const info = await readInfo('ready.json');
  for (const more of [[], ['--detach']]) {
    const second = await box.run(['hub', 'start', ...freePorts, '--ready-file', 'ready.json', ...more]);
    expectOneError(second, { code: 5, error: `a hub runs already (process ${first.child.pid})` });
    expect(await readInfo('ready.json')).toEqual(info);
  }
  expect(await box.run(['hub', 'status', '-o', 'name'])).toMatchObject({ code: 0 });
  first.child.kill('SIGTERM');
  expect(await first.finished).toMatchObject({ code: 0 });
  await expect(stat(path('ready.json'))).rejects.toThrow('ENOENT');
  expect((await readdir(path('data/hub'))).filter((name) => /wal|shm|hub\.json/.test(name))).toEqual([]);
});

test('a hub that was killed leaves nothing that stops the next one, and all that was acknowledged', async () => {
  const first = start('--ready-file', 'ready.json');
  await first.says('the hub is ready');
  await box.run(['provision', 'kept', '--tag', 'site=north']);
  const before = await readInfo('ready.json');
  first.child.kill('SIGKILL');
  await first.finished;
  expectOneError(await box.run(['hub', 'status']), { code: 3, error: 'no hub runs on' });
  expectOneError(await box.run(['hub', 'stop']), { code: 3, error: 'no hub runs on' });
  expectOneError(await box.run(['device', 'list']), { code: 9, error: 'nothing listens at ' });
  const second = start('--ready-file', 'ready.json');
  await second.says('the hub is ready');
  const after = await readInfo('ready.json');
  const { ports, eventHubConnectionString } = after;
  expect(after).toEqual({ ...before, pid: second.child.pid, ports, eventHubConnectionString });
  expect(eventHubConnectionString).toContain(`sb://localhost:${ports.amqp};`);
  expect((await box.run(['device', 'list', '-o', 'name'])).stdout).toBe('kept\n');
});

test('a ready file is absent or complete, whoever looks and whenever', async () => {
  await writeFile(path('ready.json'), '{"left": "by an earlier run"}');
  const hub = start('--ready-file', 'ready.json');
  let seen = '';
  let partial = 0;
  const ended = hub.finished.then(() => 'ended');
  while (!seen.includes('"pid"')) {
    seen = await readFile(path('ready.json'), 'utf8').catch(() => '');
    if (seen !== '' && !seen.includes('earlier run')) {
      const { pid, ports, caFile, connectionString } = JSON.parse(seen) as HubInfo;
      if (pid !== hub.child.pid || ports.mqtt === 0 || caFile === '' || connectionString === '') partial++;
      // Complete means that it can be used at once.
      const answer = await fetch(`http://127.0.0.1:${ports.http}/`);
      expect(answer.status).toBeGreaterThan(0);
    }
    await Promise.race([new Promise((resolve) => setImmediate(resolve)), ended]);
  }
  expect(partial).toBe(0);
  expect((await stat(path('ready.json'))).mode & 0o777).toBe(0o600);
});

describe('what stands in the way is said in one line', () => {
  test('a port that is taken names its flag', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const flag of ['--mqtt-port', '--mqtts-port', '--amqp-port', '--amqps-port', '--http-port', '--https-port']) {
      const rest = freePorts.filter((_, at) => freePorts[at - (at % 2)] !== flag);
      const result = await box.run(['hub', 'start', flag, String(port), ...rest, '--ready-file', 'ready.json']);
      expectOneError(result, { code: 1, error: /^error: port \d+ for .* is in use by another program$/ });
      expect(result.stderr).toContain(`hint: choose another with ${flag} PORT`);
    }
    other.close();
    expect(await readdir(box.directory)).not.toContain('ready.json');
    expect(await readdir(path('data/hub'))).not.toContain('hub.json');
  });

  test('a default port that is taken is replaced, in the background as in the foreground, and by the same at the next start', async () => {
    // Where another program has it already, that serves as well.
    const other = createServer();
    await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(8883, '127.0.0.1', resolve));
    const rest = freePorts.filter((_, at) => freePorts[at - (at % 2)] !== '--mqtts-port');
    const words = ['hub', 'start', ...rest, '-o', 'json'];
    const detached = await box.run([...words, '--detach']);
    await box.run(['hub', 'stop']);
    const { ports } = JSON.parse(detached.stdout) as HubInfo;
    const warning = `warning: port 8883 (mqtts) is in use by another program; using ${ports.mqtts} instead (choose one with --mqtts-port)`;
    expect(detached.stderr.split('\n')[0]).toBe(warning);
    expect(detached.stdout).not.toContain('replacedPorts');
    const here = box.start(words);
    started.push(here.child);
    await here.says(warning);
    await here.says('the hub is ready');
    here.child.kill('SIGINT');
    await here.finished;
    other.close();
  });

  test.each([
    ['a file where the data should be', ['--data', 'file']],
    ['a directory where the ready file should be', ['--ready-file', 'folder']],
    ['a ready file in a directory that is not there', ['--ready-file', 'none/ready.json']],
  ])('%s', async (_, words) => {
    await writeFile(path('file'), 'precious');
    await mkdir(path('folder'));
    for (const more of [[], ['--detach']]) {
      const result = await box.run(['hub', 'start', ...freePorts, ...words, ...more]);
      expectOneError(result, { code: result.code === 3 ? 3 : 1, error: words[1] ?? '' });
    }
    expect(await readFile(path('file'), 'utf8')).toBe('precious');
    expect(await readdir(path('folder'))).toEqual([]);
  });

  test('a database that is none is left as it is', async () => {
    await mkdir(path('data/hub'), { recursive: true });
    await writeFile(path('data/hub/registry.db'), 'this is no database, but somebody may want it'.repeat(100));
    const before = await readFile(path('data/hub/registry.db'));
    for (const more of [[], ['--detach']]) {
      const result = await box.run(['hub', 'start', ...freePorts, ...more]);
      expectOneError(result, { code: 1, error: 'registry.db' });
    }
    expect(await readFile(path('data/hub/registry.db'))).toEqual(before);
  });

  test('a symbolic link as ready file is replaced, and what it points at is not touched', async () => {
    await writeFile(path('precious'), 'precious');
    await symlink(path('precious'), path('ready.json'));
    await start('--ready-file', 'ready.json').says('the hub is ready');
    expect(await readFile(path('precious'), 'utf8')).toBe('precious');
    expect(await readInfo('ready.json')).toMatchObject({ hostName: 'localhost' });
  });
});

test.each([
  ['SIGINT', 0],
  ['SIGTERM', 0],
] as const)('%s ends a hub on a terminal in order', async (signal, code) => {
  const terminal = openTerminal(box, ['hub', 'start', ...freePorts, '--ready-file', 'ready.json']);
  await terminal.shows('the hub is ready');
  if (signal === 'SIGINT') terminal.type('\u0003');
  else terminal.kill(signal);
  expect(await terminal.finished).toBe(code);
  expect(terminal.screen()).toContain('the hub has stopped');
  expect(terminal.screen()).not.toContain('SharedAccessKey');
  expect((await readdir(path('data/hub'))).toSorted()).not.toContain('hub.json');
  await expect(stat(path('ready.json'))).rejects.toThrow('ENOENT');
});
