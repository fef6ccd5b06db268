import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { areEnough, commandRights } from '../../../src/cli/command-rights.ts';
import { commandTable } from '../../../src/cli/commands/index.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { lotsOf } from '../../../src/std/lots.ts';
import { openTerminal } from '../../e2e/harness/terminal.ts';
import { controls, foreignControls, playOnTerminal, sequences } from '../../support/terminal-model.ts';
import { splitWords } from '../../cli/support/split-words.ts';
import { report } from '../support/report.ts';
import { atScale, seededRandom } from '../support/scale.ts';
import { canaryOf, leaksIn, type Leak } from './support/canaries.ts';
import { allLines, commandLines, missingLines, nthLine } from './support/command-lines.ts';
import { startHostileFleet, type HostileFleet } from './support/hostile-fleet.ts';
import { addPolicyProfiles } from './support/policies.ts';
import { runHere, type RunOptions } from './support/run-here.ts';

/** Text with everything in it that has ever steered a terminal, marked so that it can be found. */
const evil = `mark${sequences.join('+')}${controls.join('x')}end`;
/** They take seconds, because they wait; the full scale has them. */
const slow = new Set([
  'hub start',
  'controller run',
  'agent',
  'simulate',
  'device register',
  'tail feedback',
  'tail uploads',
  'device watch',
]);
/** Lines that run side by side in this process. */
const atOnce = 8;

let fleet: HostileFleet;
beforeAll(async () => {
  fleet = await startHostileFleet(evil, {
    groupKey: canaryOf('group'),
    otherKey: canaryOf('other'),
    deviceKey: canaryOf('device'),
  });
});
afterAll(() => fleet.close());

function chosen(name: string, share: number): readonly { readonly command: string; readonly line: string }[] {
  const random = seededRandom(name);
  const lines = allLines().filter(({ command }) => atScale({ smoke: !slow.has(command), full: true }));
  return lines.filter(() => random() < share);
}

async function runAll<Result>(
  lines: readonly { readonly command: string; readonly line: string }[],
  look: (ran: Awaited<ReturnType<typeof runHere>>, line: string) => Result,
  options: (line: string) => RunOptions & { readonly words?: string },
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for await (const lot of lotsOf(lines, atOnce)) {
    const done = lot.map(async ({ line }) => {
      const { words = '', ...rest } = options(line);
      return look(await runHere(fleet.box, `${nthLine(line, 5)} ${words}`, rest), line);
    });
    results.push(...(await Promise.all(done)));
  }
  return results;
}

test('every command has lines and rights, and the fleet is as the lines want it', () => {
  expect(missingLines()).toEqual([]);
  expect(Object.keys(commandRights).toSorted()).toEqual(commandTable.rows.map(({ name }) => name).toSorted());
  expect(fleet.failures).toEqual([]);
});

/** What is shown raw is text: its tabs are its own. */
function asShown(line: string, screen: string): string {
  return line.endsWith('-o raw') ? screen.replaceAll('\t', ' ') : screen;
}

describe('C-45: a policy may do what is declared, and nothing else', () => {
  test('by any command', async () => {
    const policies = await addPolicyProfiles(fleet);
    // The weak ones first: what they must not take away is still there for those who may.
    const order = ['provisioningserviceowner', 'device', 'registryRead', 'service', 'registryReadWrite', 'iothubowner'];
    const random = seededRandom('C-45');
    const always = new Set(['provision', 'device delete', 'send-message', 'hub audit', 'module show']);
    const commands = Object.entries(commandRights).filter(
      ([name, needs]) =>
        // An editor needs a terminal, which there is none here; `twin set` writes the same way.
        needs.length > 0 &&
        name !== 'twin edit' &&
        (always.has(name) || (!slow.has(name) && random() < atScale({ smoke: 0.08, full: 1 }))),
    );
    const wrong: string[] = [];
    let cells = 0;
    for (const [command, needs] of commands) {
      const line = commandLines[command]?.[0] ?? '';
      for (const [n, name] of order.entries()) {
        const held = policies.find((policy) => policy.name === name)?.permissions ?? [];
        const env = { IOTCTL_PROFILE: name.toLowerCase() };
        const { code, stderr, stdout } = await runHere(fleet.box, nthLine(line, n + 1), { env });
        const refused = code === 4 || /does not allow this profile|not authorised/.test(`${stderr}${stdout}`);
        cells += 1;
        if (refused === areEnough(held, needs)) wrong.push(`${command} as ${name}: ${code} ${stderr.slice(0, 120)}`);
      }
    }
    report('C-45', { commands: commands.length, policies: order.length, cells, wrong: wrong.length });
    expect(wrong).toEqual([]);
  });

  test("by a device's own key, which opens no address of the service", async () => {
    const key = canaryOf('device');
    const token = createSasToken({
      resource: `${fleet.info.hostName}/devices/keyed`,
      key,
      expiresAt: Math.floor(Date.now() / 1_000) + 600,
    });
    for (const [method, path] of [
      ['GET', '/devices'],
      ['GET', '/devices/keyed'],
      ['PUT', '/devices/keyed'],
      ['DELETE', '/devices/keyed'],
      ['GET', '/twins/keyed'],
      ['PATCH', '/twins/keyed'],
      ['POST', '/twins/keyed/methods'],
      ['POST', '/devices/query'],
      ['GET', '/iotctl/telemetry'],
      ['GET', '/iotctl/audit'],
      ['GET', '/iotctl/records'],
      ['GET', '/iotctl/status'],
      ['GET', '/enrollments/x'],
    ] as const)
      // Who is refused often is told to wait.
      expect([401, 429], `${method} ${path}`).toContain(
        (await fleet.request(method, path, { authorization: token })).status,
      );
  });

  test('two rights for two things are no right for both', () => {
    const needs = [['RegistryRead'], ['ServiceConnect']] as const;
    expect(areEnough(['RegistryRead'], needs)).toBe(false);
    expect(areEnough(['ServiceConnect'], needs)).toBe(false);
    expect(areEnough(['RegistryRead', 'ServiceConnect'], needs)).toBe(true);
  });
});

describe('C-40: what strangers wrote steers no terminal', () => {
  test('the model sees what it should: a terminal that is steered fails this test', () => {
    for (const sequence of sequences) expect(foreignControls(sequence), JSON.stringify(sequence)).not.toBe('');
    expect(playOnTerminal('\u001b]0;t\u0007\u001b[2Jx').acts).toHaveLength(2);
    expect(playOnTerminal('unsafe\rsafe').rows).toEqual(['safefe']);
    expect(playOnTerminal('one\r\n\u001b[1mtwo\u001b[22m\r\u001b[K3').rows).toEqual(['one', '3']);
  });

  test('by any command, with colours, in any width, in every format', async () => {
    const formats = ['', '-o json', '-o yaml', '-o csv', '-o name', '-o wide', '--no-color'];
    const variants = atScale({ smoke: 1, full: formats.length });
    const steered: string[] = [];
    let [lines, marks, bytes] = [0, 0, 0];
    for (let variant = 0; variant < variants; variant++) {
      const look = (ran: Awaited<ReturnType<typeof runHere>>, line: string): void => {
        const screen = ran.screen.toString('utf8');
        lines += 1;
        bytes += ran.screen.length;
        if (screen.includes('mark')) marks += 1;
        const shown = asShown(line, screen);
        const foreign = foreignControls(shown);
        const { acts } = playOnTerminal(shown);
        if (foreign !== '' || acts.length > 0 || ran.screen.includes(0x9b) !== screen.includes('\u009b'))
          steered.push(`${line} ${formats[variant] ?? ''}: ${foreign} ${acts.join(' ')}`);
      };
      const columns = 240 - variant * 20;
      await runAll(chosen('C-40', 1), look, () => ({ isTTY: true, columns, words: formats[variant] ?? '' }));
    }
    report('C-40', { lines, showedForeignText: marks, bytes, steered: steered.length });
    expect(steered).toEqual([]);
    expect(marks).toBeGreaterThan(20);
  });

  test('on a real pseudo-terminal', async () => {
    const random = seededRandom('C-40 pty');
    const lines = chosen('C-40', 1).filter(() => random() < atScale({ smoke: 0.015, full: 1 }));
    const steered: string[] = [];
    for await (const lot of lotsOf(lines, 4)) {
      const shown = lot.map(async ({ line }) => {
        const words = splitWords(nthLine(line, 6)).map((word) => word.replaceAll('{dir}', fleet.box.directory));
        const terminal = openTerminal(fleet.box, words, { columns: 160, env: { EDITOR: 'true', VISUAL: 'true' } });
        // Lines that wait are interrupted, as people do: twice, and then they must be gone.
        const waits = [4_000, 8_000].map((ms) => setTimeout(() => terminal.type('\u0003'), ms));
        const last = setTimeout(() => {
          steered.push(`${line}: does not end`);
          terminal.kill('SIGKILL');
        }, 20_000);
        await terminal.finished;
        for (const timer of [...waits, last]) clearTimeout(timer);
        const foreign = foreignControls(asShown(line, terminal.screen()));
        if (foreign !== '') steered.push(`${line}: ${foreign}`);
      });
      await Promise.all(shown);
    }
    report('C-40', { pseudoTerminals: lines.length, steered: steered.length });
    expect(steered).toEqual([]);
  });
});

const pem = (text: string): string => text.replaceAll(/-----[^-]+-----|\s/g, '');

async function secrets(): Promise<ReadonlyMap<string, string>> {
  const read = (name: string): Promise<string> => readFile(join(fleet.box.directory, name), 'utf8');
  return new Map([
    ['hub', /SharedAccessKey=([^;]*)/.exec(fleet.info.connectionString)?.[1] ?? ''],
    ['provisioning', /SharedAccessKey=([^;]*)/.exec(fleet.info.dps.connectionString)?.[1] ?? ''],
    ['group', canaryOf('group')],
    ['other', canaryOf('other')],
    ['device', canaryOf('device')],
    ['release', pem(await read('release.key'))],
    ['authority', pem(await read('factory.key'))],
  ]);
}

describe('C-42: a secret is shown to nobody who did not ask', () => {
  test('the search finds what is hidden in any form', () => {
    const one = new Map([['a', canaryOf('device')]]);
    const value = canaryOf('device');
    for (const text of [
      value,
      `x${encodeURIComponent(value)}`,
      Buffer.from(value, 'base64').toString('hex'),
      value.split('').toReversed().join(''),
      `${value.slice(0, 20)}\n ${value.slice(20)}`,
      Buffer.from(value).toString('base64'),
    ])
      expect(leaksIn(text, one).length, text).toBeGreaterThan(0);
  });

  test('by any command, told or not to say everything, on success and on errors', async () => {
    const known = await secrets();
    for (const [name, secret] of known) expect(secret.length, name).toBeGreaterThan(30);
    const leaks: (Leak & { readonly line: string })[] = [];
    let lines = 0;
    const look = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }, line: string): void => {
      lines += 1;
      leaks.push(...leaksIn(`${stdout}\n${stderr}`, known).map((leak) => ({ ...leak, line })));
    };
    const lookAt = chosen('C-42', atScale({ smoke: 0.2, full: 1 })).filter(
      ({ line }) => !line.startsWith('sas create'),
    );
    await runAll(lookAt, look, () => ({ words: '--debug' }));
    if (atScale({ smoke: false, full: true })) {
      await runAll(lookAt, look, () => ({ isTTY: true, words: '-o json' }));
      await runAll(lookAt, look, () => ({ words: '--debug --profile wrong' }));
      await runAll(lookAt, look, () => ({
        words: '--debug',
        env: {
          IOTCTL_CONNECTION_STRING: `HostName=localhost;SharedAccessKeyName=x;SharedAccessKey=${canaryOf('other')};nonsense=1`,
        },
      }));
    }
    report('C-42', { lines, secrets: known.size, formsOfEach: 13, leaks: leaks.length });
    expect(leaks).toEqual([]);
  });

  test('nor by files that are not for secrets, by processes, or on the way', async () => {
    const known = await secrets();
    const { directory } = fleet.box;
    const forSecrets =
      /^(config\/secrets\/|data\/hub\/(registry\.db|hub\.json)|restored\/registry\.db|[\w-]+\.(key|txt|csv)$|hub\.tar\.zst)/;
    const found: string[] = [];
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(directory.length + 1);
      if (!forSecrets.test(name) && leaksIn(await readFile(path, 'latin1'), known).length > 0) found.push(name);
    }
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
      const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '');
      const environment = await read('environ');
      if (!environment.includes(`HOME=${directory}\0`)) continue;
      if (leaksIn(environment + (await read('cmdline')), known).length > 0) found.push(`process ${pid}`);
    }
    const heads: string[] = [];
    const server = createServer((request, response) => {
      heads.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
      response.writeHead(401).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await runHere(fleet.box, `profile add listener --connection-string-file {dir}/other.txt --service-url ${url}`);
    await runHere(fleet.box, 'device list --profile listener --debug');
    server.close();
    expect(heads.length).toBeGreaterThan(0);
    expect(heads.join('\n')).toMatch(/"user-agent":"iotctl\/[\d.]+"/);
    expect({ found, sent: leaksIn(heads.join('\n'), known) }).toEqual({ found: [], sent: [] });
  });
});
