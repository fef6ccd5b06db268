import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import type { CompletionModel } from './model.ts';
import { zshScript } from './zsh.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** How each shell's script is written. */
export const completionScripts: Readonly<Record<Shell, (model: CompletionModel) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};
