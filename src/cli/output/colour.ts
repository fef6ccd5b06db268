import type { Tone } from './output.ts';

export type ColourLevel = 0 | 1 | 2 | 3;

/** Paints text that is safe already. Without colour it gives the text back. */
export type Paint = (text: string, tone: Tone | undefined) => string;

export interface ColourWishes {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--color` or `--no-color`. */
  readonly flag: boolean | undefined;
}

/**
 * How many colours a stream gets: flag, then NO_COLOR, FORCE_COLOR or CLICOLOR_FORCE, CLICOLOR=0, TERM=dumb, then
 * whether it is a terminal. chalk alone would ignore NO_COLOR and CLICOLOR, and read flags it should not.
 */
export function colourLevel({ isTTY, env, flag }: ColourWishes): ColourLevel {
  const able = terminalLevel(env);
  if (flag !== undefined) return flag ? able : 0;
  if (given(env['NO_COLOR'])) return 0;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return forcedLevel(force, able);
  if (given(env['CLICOLOR_FORCE']) && env['CLICOLOR_FORCE'] !== '0') return able;
  if (env['CLICOLOR'] === '0' || env['TERM'] === 'dumb') return 0;
  return isTTY ? able : 0;
}

function given(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function forcedLevel(force: string, able: ColourLevel): ColourLevel {
  if (force === '0' || force === 'false') return 0;
  if (force === '1' || force === '2' || force === '3') return Number(force) as ColourLevel;
  return able;
}

function terminalLevel(env: ColourWishes['env']): ColourLevel {
  const term = env['TERM'] ?? '';
  if (env['COLORTERM'] === 'truecolor' || env['COLORTERM'] === '24bit') return 3;
  return /-256(color)?$/i.test(term) ? 2 : 1;
}

/** chalk is loaded only when there is something to paint. */
export async function createPaint(level: ColourLevel): Promise<Paint> {
  if (level === 0) return (text) => text;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level });
  const paints: Readonly<Record<Tone, (text: string) => string>> = {
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    dim: chalk.dim,
    accent: chalk.cyan,
    plain: (text) => text,
  };
  return (text, tone) => (tone === undefined || text === '' ? text : paints[tone](text));
}
