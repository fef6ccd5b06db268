import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../architecture/source-files.ts';
import { createSandbox, type Sandbox } from './harness/sandbox.ts';

// Ids with what shells act upon; all are allowed by the hub.
const ids = ['pump-1', 'pump-2', 'a:b', 'k=v', "we$ird'(1)", 'star*'];

let sandbox: Sandbox;
let path = '';
beforeAll(async () => {
  sandbox = await createSandbox();
  const bin = join(sandbox.directory, 'bin');
  await mkdir(bin);
  // Stands for iotctl when the scripts ask it for values.
  await writeFile(join(bin, 'iotctl'), `#!/bin/sh\ncat <<'END'\n${ids.join('\n')}\nEND\n`);
  await chmod(join(bin, 'iotctl'), 0o755);
  path = `${bin}:${process.env['PATH'] ?? ''}`;
});
afterAll(() => sandbox.remove());

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write(`completion tests for ${shell} are skipped: it is not installed\n`);
    return false;
  }
}

const script = (shell: string): string => join(repository, 'completions', `iotctl.${shell}`);

/** What bash would offer after this line. */
async function completeInBash(line: string): Promise<string[]> {
  const driver = `
    source '${script('bash')}'
    COMP_LINE=$1 COMP_POINT=\${#1}
    # readline splits at blanks, and at = and : as words of their own.
    read -ra COMP_WORDS <<<"$(sed 's/[=:]/ & /g' <<<"$1")"
    if [[ $1 == *[[:space:]] ]]; then COMP_WORDS+=(''); fi
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _iotctl
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const file = join(sandbox.directory, 'driver.bash');
  await writeFile(file, driver);
  return execFileSync('bash', ['--norc', file, line], { encoding: 'utf8', env: { ...sandbox.env, PATH: path } })
    .split('\n')
    .filter(Boolean);
}

const deviceCommands = [
  'list',
  'show',
  'enable',
  'disable',
  'export',
  'import',
  'delete',
  'renew-key',
  'register',
  'watch',
];

describe.skipIf(!has('bash'))('bash', () => {
  test.each([
    ['iotctl prov', ['provision']],
    ['iotctl device ', deviceCommands],
    ['iotctl device l', ['list']],
    ['iotctl --profile x device sh', ['show']],
    ['iotctl device list --wh', ['--where']],
    ['iotctl -o nd', ['ndjson']],
    ['iotctl --output=nd', ['ndjson']],
    ['iotctl completion ', ['bash', 'zsh', 'fish']],
    ['iotctl device show pump-', ['pump-1', 'pump-2']],
    ['iotctl --profile a:', ['b']],
    ['iotctl device show we', ["we\\$ird\\'\\(1\\)"]],
    ['iotctl device show we\\$', ["we\\$ird\\'\\(1\\)"]],
    ['iotctl device show st', ['star\\*']],
    ['iotctl nope ', []],
  ])('%s', async (line, offered) => {
    expect(await completeInBash(line)).toEqual(offered);
  });

  test('does not run what was typed', async () => {
    const mark = join(sandbox.directory, 'ran');
    for (const line of [
      `iotctl $(touch\t${mark}) `,
      `iotctl device show \`touch\t${mark}\``,
      `iotctl --profile "$(touch ${mark})" device show `,
    ])
      await completeInBash(line);
    expect(existsSync(mark)).toBe(false);
  });
});

/** What fish would offer after this line. */
const completeInFish = (line: string): string[] =>
  execFileSync('fish', ['--no-config', '-c', `source '${script('fish')}'; complete -C "$argv[1]"`, line], {
    encoding: 'utf8',
    env: { ...sandbox.env, PATH: path },
  })
    .split('\n')
    .filter(Boolean)
    .map((offer) => offer.split('\t')[0] ?? '');

describe.skipIf(!has('fish'))('fish', () => {
  test.each([
    ['iotctl prov', ['provision']],
    ['iotctl device l', ['list']],
    ['iotctl --output=nd', ['--output=ndjson']],
    ['iotctl -o nd', ['ndjson']],
    ['iotctl completion ', ['bash', 'fish', 'zsh']],
    ['iotctl device show pump-', ['pump-1', 'pump-2']],
    ['iotctl device show we', ["we$ird'(1)"]],
  ])('%s', (line, offered) => {
    expect(completeInFish(line).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(offered);
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  test('loads and registers the completion', () => {
    const load = `autoload -U compinit; compinit -u -D; source '${script('zsh')}'; print -r -- $_comps[iotctl]`;
    expect(execFileSync('zsh', ['-f', '-c', load], { encoding: 'utf8', env: { ...sandbox.env, PATH: path } })).toBe(
      '_iotctl\n',
    );
  });

  test('knows words and kinds of values', () => {
    const ask = `compdef() { }; source '${script('zsh')}'
      _iotctl_next device; print -rl -- "\${_iotctl_reply[@]%%:*}"
      _iotctl_find_kind 'device show 1'; print -r -- $_iotctl_kind`;
    expect(
      execFileSync('zsh', ['-f', '-c', ask], { encoding: 'utf8', env: { ...sandbox.env, PATH: path } })
        .trim()
        .split('\n'),
    ).toEqual([...deviceCommands, 'device']);
  });
});

describe('iotctl completion', () => {
  test.each(['bash', 'zsh', 'fish'])('prints the script for %s that is in the package', async (shell) => {
    const { stdout, code } = await sandbox.run(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toBe(await readFile(script(shell), 'utf8'));
  });

  test('--install writes where the shell looks, and says so', async () => {
    const { stderr, stdout, code } = await sandbox.run(['completion', 'fish', '--install']);
    const file = join(sandbox.env['XDG_CONFIG_HOME'] ?? '', 'fish/completions/iotctl.fish');
    expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
    expect(stderr).toContain(file);
    expect(await readFile(file, 'utf8')).toBe(await readFile(script('fish'), 'utf8'));
  });

  test('asks for values silently when there is no hub', async () => {
    expect(await sandbox.run(['__complete', 'device'])).toEqual({ stdout: '', stderr: '', code: 0, signal: null });
    expect((await sandbox.run(['__complete', 'model'])).stdout).toContain('refrigerated-truck\n');
  });
});

test('what is generated is up to date', () => {
  const check = [join(repository, 'scripts/generate.ts'), '--check'];
  expect(execFileSync(process.execPath, check, { encoding: 'utf8', stdio: 'pipe' })).toBe('');
});
