import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { requireSqlite } from '../../src/hub/store/sqlite/thread/version.ts';
import { openTerminal } from '../e2e/harness/terminal.ts';
import { startHubBox, type HubBox } from '../e2e/must-hold/support/hub-box.ts';
import { controls, foreignControls, sequences } from '../support/terminal-model.ts';
import { runHere } from '../faults/operator/support/run-here.ts';
import { known } from './known.ts';

let hub: HubBox;
beforeAll(async () => {
  hub = await startHubBox();
});
afterAll(() => hub.close());

known('CVE-2021-25743', async () => {
  const evil = `mark${sequences.join('+')}${controls.join('x')}`;
  expect((await hub.box.run(['provision', 'loud'])).code).toBe(0);
  expect(
    (await hub.request('PATCH', '/twins/loud', { body: { tags: { site: evil, 'k\u202eey': evil } } })).status,
  ).toBeLessThan(500);
  expect((await hub.request('PATCH', '/twins/loud', { body: { tags: { site: evil } } })).status).toBe(200);
  for (const words of [
    ['device', 'list'],
    ['twin', 'show', 'loud'],
    ['query', 'SELECT tags.site FROM devices', '-o', 'csv'],
  ]) {
    const terminal = openTerminal(hub.box, words, { columns: 200 });
    await terminal.finished;
    expect(terminal.screen()).toContain('mark');
    expect([words, foreignControls(terminal.screen())]).toEqual([words, '']);
  }
});

known('mosquitto: max_queued_messages', async () => {
  expect((await runHere(hub.box, 'provision sleeping')).code).toBe(0);
  const refused: string[] = [];
  let taken = 0;
  for (let n = 0; n < 55; n++) {
    const { code, stderr } = await runHere(hub.box, ['send-message', 'sleeping', `n ${n}`]);
    if (code === 0) taken += 1;
    else refused.push(stderr);
  }
  const { stdout } = await runHere(hub.box, 'message peek sleeping --count 100 -o json');
  // Azure's limit. Nothing that was taken is gone, and the sender of what was not was told.
  expect({ taken, kept: (JSON.parse(stdout) as unknown[]).length, refused }).toMatchObject({ taken: 50, kept: 50 });
  for (const said of refused) expect(said).toMatch(/error: /);
});

known('cli/cli#13920', async () => {
  const key = Buffer.alloc(32, 5).toString('base64');
  await writeFile(
    join(hub.box.directory, 'plain.txt'),
    `HostName=a.example;SharedAccessKeyName=service;SharedAccessKey=${key}`,
  );
  const { stderr } = await hub.box.run(['profile', 'add', 'plain', '--connection-string-file', 'plain.txt']);
  expect(stderr).toContain('in a file only you can read');
  const shown = await hub.box.run(['profile', 'show', 'plain', '-o', 'json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ keyKeptIn: 'file' });
  const read = await hub.box.run(['profile', 'show', 'plain']);
  expect(read.stdout).toContain('in plain text');
  expect(shown.stdout).not.toContain(key);
});

known('aws/aws-cli#10560', async () => {
  const key = Buffer.alloc(32, 6).toString('base64');
  const IOTCTL_CONNECTION_STRING = `HostName=localhost;SharedAccessKeyName=service;SharedAccessKey=${key}`;
  for (const words of [['device', 'list'], ['doctor'], ['query', 'SELECT * FROM devices'], ['__complete', 'device']])
    await hub.box.run([...words, '--debug'], { env: { IOTCTL_CONNECTION_STRING } });
  for (const entry of await readdir(hub.box.directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'latin1');
    expect([entry.name, text.includes(key)]).toEqual([entry.name, false]);
  }
});

known('SQLite: WAL-reset', () => {
  for (const version of ['3.7.0', '3.40.1', '3.51.2']) expect(() => requireSqlite(version)).toThrow(version);
  for (const version of ['3.51.3', '3.53.0', '4.0.0', process.versions.sqlite ?? ''])
    expect(() => requireSqlite(version)).not.toThrow();
});
