import { spawn } from '@lydell/node-pty';
import { launcher, type Sandbox } from './sandbox.ts';

/** The program on a pseudo-terminal, as a person has it. */
export interface Terminal {
  /** Everything on the screen so far, escape sequences included. */
  readonly screen: () => string;
  /** Types keys; `\r` is Enter, `\u0003` Ctrl-C. */
  type(keys: string): void;
  /** Resolves once the text was seen. */
  shows(text: string): Promise<void>;
  /** Exit code. */
  readonly finished: Promise<number>;
  kill(signal: string): void;
}

/** Starts the program on a pseudo-terminal of the given width. */
export function openTerminal(
  sandbox: Sandbox,
  words: readonly string[],
  options: { columns?: number; env?: Readonly<Record<string, string>> } = {},
): Terminal {
  const terminal = spawn(process.execPath, [launcher, ...words], {
    cols: options.columns ?? 80,
    rows: 24,
    cwd: sandbox.directory,
    env: { ...sandbox.env, ...options.env },
  });
  let screen = '';
  const waiting = new Set<{ text: string; found: () => void }>();
  const check = (): void => {
    for (const wait of waiting) if (screen.includes(wait.text)) wait.found();
  };
  terminal.onData((chunk) => {
    screen += chunk;
    check();
  });
  const finished = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve(exitCode));
  });
  return {
    screen: () => screen,
    type: (keys) => terminal.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        waiting.add({ text, found: resolve });
        check();
        void finished.then(() =>
          screen.includes(text) ? resolve() : reject(new Error(`ended without showing "${text}":\n${screen}`)),
        );
      }),
    finished,
    kill: (signal) => terminal.kill(signal),
  };
}
