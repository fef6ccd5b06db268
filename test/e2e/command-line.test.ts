import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from './harness/sandbox.ts';
import { openTerminal } from './harness/terminal.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox();
});
afterAll(() => sandbox.remove());

describe('help', () => {
  test('goes to stdout with 0, on a pipe and on a terminal', async () => {
    const piped = await sandbox.run(['--help']);
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(piped.stdout).toContain('Usage: iotctl COMMAND [OPTIONS]');
    expect(await sandbox.run([])).toEqual(piped);
    const terminal = openTerminal(sandbox, ['device', '--help']);
    expect(await terminal.finished).toBe(0);
    expect(terminal.screen()).toContain('Look at devices and change them.');
  });
});

describe('a wrong line', () => {
  test.each([
    [['devcie', 'list'], "error: unknown command 'devcie'\nhint: Did you mean iotctl device list?\n"],
    [['device', 'lst'], "error: unknown command 'lst'\nhint: Did you mean iotctl device list?\n"],
    [['device', 'list', '--wher', 'x'], "error: unknown option '--wher'\nhint: Did you mean --where?\n"],
    [['device', 'show'], "error: missing required argument 'DEVICE'\nhint: iotctl device show --help\n"],
  ])('%j ends with one line, a hint and 2', async (words, stderr) => {
    expect(await sandbox.run(words)).toEqual({ stdout: '', stderr, code: 2, signal: null });
  });

  test('is JSON on stderr with -o json', async () => {
    const { stdout, stderr, code } = await sandbox.run(['nope', '-o', 'json']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'unknown-command', exitCode: 2 } });
  });
});

test('no hub is chosen: what helps, and 2', async () => {
  const { stderr, code } = await sandbox.run(['device', 'list']);
  expect({ stderr, code }).toEqual({
    stderr: 'error: no hub is chosen\nhint: iotctl hub start, or iotctl profile add NAME\n',
    code: 2,
  });
});

describe('colour', () => {
  const red = '\u001b[31m';
  test('is on a terminal, not on a pipe', async () => {
    expect((await sandbox.run(['nope'])).stderr).not.toContain('\u001b[');
    const terminal = openTerminal(sandbox, ['nope']);
    expect(await terminal.finished).toBe(2);
    expect(terminal.screen()).toContain(red);
  });

  test.each([
    [{ NO_COLOR: '1' }, [], false],
    [{ NO_COLOR: '1' }, ['--color'], true],
    [{ CLICOLOR: '0' }, [], false],
    [{ TERM: 'dumb' }, [], false],
    [{}, ['--no-color'], false],
  ])('on a terminal with %j %j', async (env, flags, colour) => {
    const terminal = openTerminal(sandbox, ['nope', ...flags], { env });
    await terminal.finished;
    expect(terminal.screen().includes(red)).toBe(colour);
  });

  test('FORCE_COLOR paints on a pipe', async () => {
    expect((await sandbox.run(['nope'], { env: { FORCE_COLOR: '1' } })).stderr).toContain(red);
  });
});

describe('a pipe that closes', () => {
  test('ends the program quietly', async () => {
    const { stdout, stderr, code } = await sandbox.shell('set -o pipefail; iotctl completion bash | head -1');
    expect({ stdout, stderr, code }).toEqual({
      stdout: expect.stringContaining('# bash completion'),
      stderr: '',
      code: 0,
    });
  });

  test('does not truncate what is read to the end', async () => {
    const direct = await sandbox.run(['completion', 'zsh']);
    const { stdout } = await sandbox.shell('iotctl completion zsh | (sleep 0.2; cat)');
    expect(stdout).toBe(direct.stdout);
  });
});

describe('an interruption', () => {
  test('by Ctrl-C at a question ends with 130 and gives the terminal back', async () => {
    const terminal = openTerminal(sandbox, ['profile', 'add', 'factory']);
    await terminal.shows('?');
    terminal.type('\u0003');
    expect(await terminal.finished).toBe(130);
    expect(terminal.screen()).not.toContain('Error');
  });

  test('by SIGTERM at a question ends with 143', async () => {
    const terminal = openTerminal(sandbox, ['profile', 'add', 'factory']);
    await terminal.shows('?');
    terminal.kill('SIGTERM');
    expect(await terminal.finished).toBe(143);
  });
});
