import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTerminal } from '../harness/terminal.ts';
import { freePorts, startHubBox, type HubBox } from './support/hub-box.ts';

let hub: HubBox;
/** The device was sent the command that it never answers. */
const asked = Promise.withResolvers<void>();
beforeAll(async () => {
  hub = await startHubBox();
  const device = await hub.device('talker');
  device.onMethod((name) => {
    if (name === 'alone') asked.resolve();
    return new Promise(() => undefined);
  });
  await Promise.all(Array.from({ length: 200 }, (_, n) => device.sendTelemetry({ n, filler: 'x'.repeat(1_000) })));
  const rows = Array.from({ length: 20_000 }, (_, n) => `many-${n}`);
  await writeFile(join(hub.box.directory, 'many.csv'), ['deviceId', ...rows].join('\n'));
  await hub.box.run(['provision', '--count', '60', '--prefix', 'silent-']);
});
afterAll(() => hub.close());

/** The processes of this test that still run, by their arguments. */
async function processesOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!environment.includes(`HOME=${directory}\0`)) continue;
    found.push((await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).replaceAll('\0', ' '));
  }
  return found;
}

/** Each with the words that show that it is in the middle of its work. */
const running: readonly (readonly [line: string, shows: string])[] = [
  ['provision --from many.csv --out keys.csv', '%'],
  ['tail telemetry --since 1h', 'talker'],
  ['tail telemetry --stats', 'messages/s'],
  ['send-command talker alone --timeout 60s', ''],
  ['send-command talker silent-* wait --timeout 60s --yes', '%'],
  ['device watch', 'watching'],
  ['simulate room --count 20 --rate 5', 'room'],
  ['agent --device machine', 'connected'],
];

describe('Ctrl-C on a terminal', () => {
  test.concurrent.each(running)('%s ends with 130, in order', async (line, shows) => {
    const terminal = openTerminal(hub.box, line.split(' '), { columns: 120 });
    if (shows === '') await asked.promise;
    else await terminal.shows(shows);
    terminal.type('\u0003');
    expect(await terminal.finished).toBe(130);
    const screen = terminal.screen();
    expect(screen).not.toMatch(/error:|^\s+at |Warning/m);
    // The cursor is where the shell's prompt can begin: on a line of its own, and visible.
    expect(screen.lastIndexOf('\u001b[?25l')).toBeLessThanOrEqual(screen.lastIndexOf('\u001b[?25h'));
  });

  test('left no half-written file, and a results file that holds what was done', async () => {
    const names = await readdir(hub.box.directory);
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const [head, ...rows] = (await readFile(join(hub.box.directory, 'keys.csv'), 'utf8')).trimEnd().split('\n');
    expect(head).toBe('line,deviceId,result,reason,connectionString');
    // A device that was made but not read back when the stop came has no connection string; the next run gives it.
    for (const row of rows)
      expect(row).toMatch(/^\d+,many-\d+,created,,(HostName=.*SharedAccessKey=[A-Za-z0-9+/]{43}=)?$/);
  });

  test('left no process behind', async () => {
    const others = (await processesOf(hub.box.directory)).filter((line) => !line.includes(' hub start '));
    expect(others).toEqual([]);
  });
});

describe('SIGTERM on a pipe', () => {
  test.concurrent.each([
    ['tail telemetry --since 1h', 'talker', 143],
    ['device watch', 'watching', 143],
    ['agent --device other', 'connected', 143],
  ])('%s', async (line, says, code) => {
    const program = hub.box.start(line.split(' '));
    await program.says(says);
    program.child.kill('SIGTERM');
    const result = await program.finished;
    expect({ code: result.code, signal: result.signal }).toEqual({ code, signal: null });
    expect(result.stderr).not.toMatch(/error:|^\s+at /m);
  });
});

describe('the demo', () => {
  test('at Ctrl-C stops its hub and its devices and leaves nothing', async () => {
    const TMPDIR = join(hub.box.directory, 'temporary');
    await mkdir(TMPDIR);
    const terminal = openTerminal(hub.box, ['demo'], { env: { TMPDIR } });
    await terminal.shows('hub');
    terminal.type('\u0003');
    expect(await terminal.finished).toBe(130);
    expect(terminal.screen()).not.toMatch(/error:|SharedAccessKey/);
    expect(await readdir(TMPDIR)).toEqual([]);
    expect((await processesOf(hub.box.directory)).filter((line) => line.includes('demo'))).toEqual([]);
  });
});

describe('a second Ctrl-C', () => {
  test('does not wait for a hub that will not let go', async () => {
    const terminal = openTerminal(hub.box, ['hub', 'start', '--data', 'second', ...freePorts]);
    await terminal.shows('the hub is ready');
    terminal.type('\u0003');
    const press = setInterval(() => terminal.type('\u0003'), 350);
    expect([0, 130]).toContain(await terminal.finished);
    clearInterval(press);
  });
});

describe('a reader that goes away', () => {
  test.concurrent.each([
    'tail telemetry --since 1h',
    'tail telemetry --since 1h -o csv',
    'tail telemetry --since 1h -o raw',
    'device list -o ndjson',
    'query "SELECT * FROM devices"',
    'provision --template',
    'provision --count 2000 --prefix pipe- -o ndjson',
    'device watch -o ndjson --timeout 3s',
    'simulate room --count 2 --rate 50 --for 2s',
    'completion zsh',
    'hub env',
  ])('%s | head -1', async (line) => {
    const { stderr, code } = await hub.box.shell(`iotctl ${line} | head -n 1 > /dev/null; exit "\${PIPESTATUS[0]}"`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/EPIPE|error:|^\s+at /m) });
  });
});
