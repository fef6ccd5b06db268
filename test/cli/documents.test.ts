// What the pages show works as pasted: every call of iotctl in them is one the program understands.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/commands/index.ts';
import { parseLine } from '../../src/cli/program.ts';
import { repository } from '../architecture/source-files.ts';
import { callsOf } from './support/calls-of.ts';

const concepts = readdirSync(join(repository, 'docs/concepts')).map((name) => `docs/concepts/${name}`);

/** The lines of a page's shell blocks, continued ones joined and comments removed. */
function shellLines(path: string): string[] {
  const text = readFileSync(join(repository, path), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block = '']) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    .map((line) =>
      line
        .replace(/(^|\s)#\s.*$/, '')
        .replace(/\s*&$/, '')
        .trim(),
    )
    .filter((line) => /\biotctl\b/.test(line) && !/^(alias|git|npm) /.test(line));
}

describe.each(['README.md', ...concepts])('%s', (path) => {
  test('shows calls that the program understands', async () => {
    for (const line of shellLines(path)) {
      const calls = callsOf(line);
      expect(calls, line).not.toEqual([]);
      for (const words of calls) {
        const parsed = await parseLine(words, commandTable, {
          env: {},
          now: Date.UTC(2026, 11, 1),
          version: () => '1.2.3',
          helpWidth: 100,
        }).catch((error: unknown) => String(error));
        expect(parsed, line).toMatchObject({ kind: 'run' });
      }
    }
  });
});

test('there is something to check', () => {
  expect(shellLines('README.md').length).toBeGreaterThan(10);
});
