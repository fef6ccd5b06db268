import { describe, expect, test } from 'vitest';
import { colourLevel, createPaint } from '../../../src/cli/output/colour.ts';

describe('colour', () => {
  test.each([
    ['a terminal', true, {}, undefined, 1],
    ['a pipe', false, {}, undefined, 0],
    ['a 256 colour terminal', true, { TERM: 'xterm-256color' }, undefined, 2],
    ['a true colour terminal', true, { COLORTERM: 'truecolor' }, undefined, 3],
    ['NO_COLOR', true, { NO_COLOR: '1' }, undefined, 0],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, undefined, 1],
    ['NO_COLOR over FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, undefined, 0],
    ['--color over NO_COLOR', false, { NO_COLOR: '1' }, true, 1],
    ['--no-color over FORCE_COLOR', true, { FORCE_COLOR: '3' }, false, 0],
    ['FORCE_COLOR=1 on a pipe', false, { FORCE_COLOR: '1' }, undefined, 1],
    ['FORCE_COLOR=3 on a pipe', false, { FORCE_COLOR: '3' }, undefined, 3],
    ['FORCE_COLOR=0 on a terminal', true, { FORCE_COLOR: '0' }, undefined, 0],
    ['an empty FORCE_COLOR', false, { FORCE_COLOR: '' }, undefined, 1],
    ['CLICOLOR_FORCE on a pipe', false, { CLICOLOR_FORCE: '1' }, undefined, 1],
    ['CLICOLOR_FORCE=0 on a pipe', false, { CLICOLOR_FORCE: '0' }, undefined, 0],
    ['CLICOLOR=0 on a terminal', true, { CLICOLOR: '0' }, undefined, 0],
    ['a dumb terminal', true, { TERM: 'dumb' }, undefined, 0],
    ['a forced dumb terminal', true, { TERM: 'dumb', FORCE_COLOR: '1' }, undefined, 1],
  ] as const)('%s', (_, isTTY, env, flag, level) => {
    expect(colourLevel({ isTTY, env, flag })).toBe(level);
  });

  test('paints by tone, and only with colour', async () => {
    expect((await createPaint(1))('ok', 'good')).toBe('\u001b[32mok\u001b[39m');
    expect((await createPaint(1))('ok', undefined)).toBe('ok');
    expect((await createPaint(0))('ok', 'bad')).toBe('ok');
  });
});
