import { Failure } from '../../errors/index.ts';
import { safeLines } from '../output/safe-text.ts';
import type { InputStream, OutputStream } from '../system.ts';
import type { Prompt } from './prompt.ts';

export interface PromptOptions {
  /** Opened only when something is asked. */
  readonly stdin: () => InputStream;
  /** Questions are conversation, so they go to stderr. */
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly noInput: boolean;
  readonly assumeYes: boolean;
  /** `--confirm`. */
  readonly confirmed: string | undefined;
  readonly signal: AbortSignal;
  /** Name of the profile in use when it is protected. */
  readonly protectedProfile: () => Promise<string | undefined>;
}

/** The shape of a question for the prompt package. */
interface Question {
  readonly type: 'input' | 'number' | 'select' | 'password' | 'confirm';
  readonly message: string;
  readonly [setting: string]: unknown;
}

/** True where a person can be asked: terminals on both sides, not in CI, and not forbidden. */
export function canAsk({
  stdin,
  stderr,
  env,
  noInput,
}: Pick<PromptOptions, 'stdin' | 'stderr' | 'env' | 'noInput'>): boolean {
  const ci = env['CI'];
  return (
    stderr.isTTY === true &&
    !noInput &&
    (ci === undefined || ci === '' || ci === 'false' || ci === '0') &&
    stdin().isTTY === true
  );
}

export function createPrompt(options: PromptOptions): Prompt {
  const askFor = (flag: string, question: Question): Promise<unknown> => {
    if (!canAsk(options))
      throw new Failure('input-required', `${flag} is needed, and there is no terminal to ask on`, {
        hint: `give ${flag}`,
      });
    return ask(question, options);
  };
  return {
    get available() {
      return canAsk(options);
    },
    text: async ({ message, flag, default: preset, validate }) => {
      const answer = await askFor(flag, {
        type: 'input',
        message,
        default: preset,
        validate: (text: string) => validate?.(text) ?? true,
      });
      return String(answer);
    },
    number: async ({ message, flag, default: preset, minimum, maximum }) => {
      const answer = await askFor(flag, {
        type: 'number',
        message,
        default: preset,
        min: minimum,
        max: maximum,
        required: true,
      });
      return Number(answer);
    },
    choose: async ({ message, flag, choices, default: preset }) => {
      const listed = choices.map(({ value, label }) => ({ value, name: safeLines(label) }));
      const answer = await askFor(flag, { type: 'select', message, choices: listed, default: preset });
      const chosen = choices.find(({ value }) => value === answer);
      if (chosen === undefined) throw new TypeError('the prompt answered with something that was not offered');
      return chosen.value;
    },
    secret: async ({ message, flag }) => String(await askFor(flag, { type: 'password', message, mask: '*' })),
    confirm: (question) => confirm(question, options),
  };
}

/** On a protected profile a yes is not enough: its name is typed, or given with `--confirm`. */
async function confirm(
  { message, protects }: { message: string; protects?: string | false },
  options: PromptOptions,
): Promise<boolean> {
  const name = protects ?? (await options.protectedProfile());
  if (name === undefined || name === false) {
    if (options.assumeYes) return true;
    if (!canAsk(options)) throw new Failure('confirmation-missing', `not confirmed: ${message}`, { hint: 'add --yes' });
    return (await ask({ type: 'confirm', message, default: false }, options)) === true;
  }
  if (options.confirmed === name) return true;
  if (options.confirmed !== undefined || !canAsk(options)) {
    throw new Failure('confirmation-missing', `profile "${name}" is protected; not confirmed: ${message}`, {
      hint: `add --confirm ${name}`,
    });
  }
  const typed = await ask(
    { type: 'input', message: `${message} Type the name of the protected profile "${name}" to go on:` },
    options,
  );
  return typed === name;
}

async function ask(question: Question, { stdin, stderr, signal }: PromptOptions): Promise<unknown> {
  const { createPromptModule } = await import('inquirer');
  const prompt = createPromptModule({ input: stdin(), output: stderr, signal });
  try {
    const answers: Record<string, unknown> = await prompt([
      { ...question, message: safeLines(question.message), name: 'answer' },
    ] as never);
    return answers['answer'];
  } catch (error) {
    signal.throwIfAborted();
    // The terminal is in raw mode during a question, so Ctrl-C comes from the prompt and not as a signal.
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw new Failure('interrupted', 'interrupted', { cause: error });
    }
    throw error;
  }
}
