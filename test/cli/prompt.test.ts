import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { canAsk, createPrompt, type PromptOptions } from '../../src/cli/prompt/create-prompt.ts';
import { Failure } from '../../src/errors/index.ts';

interface Dialogue {
  readonly prompt: ReturnType<typeof createPrompt>;
  /** What a person types once the text is on the screen. */
  readonly type: (after: string, keys: string) => Promise<void>;
  readonly screen: () => string;
  readonly controller: AbortController;
}

function dialogue(options: Partial<PromptOptions> & { terminal?: boolean } = {}): Dialogue {
  const terminal = options.terminal ?? true;
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal, setRawMode: () => undefined });
  const stderr = Object.assign(new PassThrough(), { isTTY: terminal, columns: 80 });
  const controller = new AbortController();
  let shown = '';
  const waiting: { text: string; found: () => void }[] = [];
  stderr.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    for (const { text, found } of waiting) if (shown.includes(text)) found();
  });
  return {
    controller,
    screen: () => shown,
    prompt: createPrompt({
      stdin: () => stdin,
      stderr,
      env: {},
      noInput: false,
      assumeYes: false,
      confirmed: undefined,
      signal: controller.signal,
      protectedProfile: async () => undefined,
      ...options,
    }),
    async type(after, keys) {
      await new Promise<void>((found) => {
        waiting.push({ text: after, found });
        if (shown.includes(after)) found();
      });
      stdin.write(keys);
    },
  };
}

describe('where a person can be asked', () => {
  const terminal = { isTTY: true } as const;
  test.each([
    ['two terminals', true, true, {}, false, true],
    ['no terminal for answers', false, true, {}, false, false],
    ['no terminal for questions', true, false, {}, false, false],
    ['CI', true, true, { CI: 'true' }, false, false],
    ['CI=false', true, true, { CI: 'false' }, false, true],
    ['--no-input', true, true, {}, true, false],
  ] as const)('%s', (_, input, output, env, noInput, can) => {
    const stdin = Object.assign(new PassThrough(), terminal, { isTTY: input });
    const stderr = Object.assign(new PassThrough(), terminal, { isTTY: output });
    expect(canAsk({ stdin: () => stdin, stderr, env, noInput })).toBe(can);
  });

  test('elsewhere a question names its flag', async () => {
    const { prompt } = dialogue({ terminal: false });
    expect(prompt.available).toBe(false);
    await expect(prompt.text({ message: 'Id?', flag: 'ID' })).rejects.toMatchObject({
      code: 'input-required',
      hint: 'give ID',
      exitCode: 2,
    });
    await expect(prompt.confirm({ message: 'Delete 3 devices?' })).rejects.toMatchObject({
      code: 'confirmation-missing',
      message: 'not confirmed: Delete 3 devices?',
      hint: 'add --yes',
    });
  });
});

describe('questions', () => {
  test('text is asked on stderr and answered', async () => {
    const { prompt, type, screen } = dialogue();
    const answer = prompt.text({ message: 'Which id?', flag: 'ID' });
    await type('Which id?', 'pump-1\r');
    expect(await answer).toBe('pump-1');
    expect(screen()).toContain('Which id?');
  });

  test('a choice gives its value', async () => {
    const { prompt, type } = dialogue();
    const answer = prompt.choose({
      message: 'How?',
      flag: '--auth',
      choices: [
        { value: 'sas', label: 'a key' },
        { value: 'x509', label: 'a certificate' },
      ],
    });
    await type('a certificate', '\u001b[B\r');
    expect(await answer).toBe('x509');
  });

  test('a confirmation is no by default', async () => {
    const { prompt, type } = dialogue();
    const answer = prompt.confirm({ message: 'Delete?' });
    await type('Delete?', '\r');
    expect(await answer).toBe(false);
  });

  test('--yes answers without asking', async () => {
    const { prompt, screen } = dialogue({ assumeYes: true, terminal: false });
    expect(await prompt.confirm({ message: 'Delete?' })).toBe(true);
    expect(screen()).toBe('');
  });

  test('Ctrl-C at a question is an interruption', async () => {
    const { prompt, type } = dialogue();
    const answer = prompt.text({ message: 'Which id?', flag: 'ID' });
    const refused = expect(answer).rejects.toMatchObject({ code: 'interrupted', exitCode: 130 });
    await type('Which id?', '\u0003');
    await refused;
  });

  test('an abort ends the question with its reason', async () => {
    const { prompt, controller, type } = dialogue();
    const answer = prompt.text({ message: 'Which id?', flag: 'ID' });
    const refused = expect(answer).rejects.toMatchObject({ code: 'terminated' });
    await type('Which id?', '');
    controller.abort(new Failure('terminated', 'terminated'));
    await refused;
  });

  test('a hostile name in a question cannot act on the terminal', async () => {
    const { prompt, type, screen } = dialogue();
    const answer = prompt.confirm({ message: 'Delete \u001b]0;owned\u0007?' });
    await type('Delete', 'y\r');
    expect(await answer).toBe(true);
    expect(screen()).not.toContain('\u001b]0;');
  });
});

const protectedProfile = async (): Promise<string> => 'production';

describe('a protected profile', () => {
  test('wants its name, also with --yes', async () => {
    const { prompt } = dialogue({ protectedProfile, assumeYes: true, terminal: false });
    await expect(prompt.confirm({ message: 'Delete?' })).rejects.toMatchObject({
      code: 'confirmation-missing',
      hint: 'add --confirm production',
    });
  });

  test('takes its name by --confirm', async () => {
    expect(
      await dialogue({ protectedProfile, confirmed: 'production', terminal: false }).prompt.confirm({
        message: 'Delete?',
      }),
    ).toBe(true);
    await expect(
      dialogue({ protectedProfile, confirmed: 'test', terminal: true }).prompt.confirm({ message: 'Delete?' }),
    ).rejects.toMatchObject({
      code: 'confirmation-missing',
    });
  });

  test.each([
    ['production', true],
    ['y', false],
  ])('typed %s is %s', async (typed, confirmed) => {
    const { prompt, type } = dialogue({ protectedProfile });
    const answer = prompt.confirm({ message: 'Delete?' });
    await type('to go on', `${typed}\r`);
    expect(await answer).toBe(confirmed);
  });
});
