/** C-29: no regular expression of ours takes long over 50 KB, whatever they are. */
import { expect, it } from 'vitest';
import { atScale, scale, seed } from '../support/scale.ts';
import { report } from '../support/report.ts';
import { adversarialTexts } from './support/adversarial-texts.ts';
import {
  parseRegularExpressions,
  scanRegularExpressions,
  toRegExp,
  type Found,
} from './support/regular-expressions.ts';

/** On 50 KB; shorter texts may take what an expression in time squared would of that. */
const wholeBytes = 50_000;
const wholeMs = 10;
/** What a program puts together out of constants; a new one is to be looked at and added. */
const madeInPrograms: readonly { readonly file: string; readonly literal: string; readonly expression: RegExp }[] = [
  {
    file: 'src/hub/blob/request.ts',
    literal: "new RegExp(`^/+${blobAccount}(?:/|%2f)`, 'i')",
    expression: /^\/+iotctl(?:\/|%2f)/i,
  },
  {
    file: 'src/cli/profile/read-profile.ts',
    literal: "new RegExp(`(^|;)\\\\s*${part}=[^;]`, 'i')",
    expression: /(^|;)\s*SharedAccessKeyName=[^;]/i,
  },
];

const bytes = atScale({ smoke: 2_000, full: wholeBytes });
const mostMs = Math.max(wholeMs * (bytes / wholeBytes) ** 2, 0.3);

/** Processor time in milliseconds, best of three once it is over the limit: other work on the machine only adds. */
function costOf(expression: RegExp, text: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = process.cpuUsage();
    const begin = performance.now();
    run(expression, text);
    const wall = performance.now() - begin;
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, wall, Math.max((user + system) / 1_000, 0.001));
    if (best <= mostMs) break;
  }
  return best;
}

function run(expression: RegExp, text: string): void {
  expression.lastIndex = 0;
  if (expression.global) text.replace(expression, '');
  else expression.test(text);
}

it('C-29 no regular expression of the source is slow on hostile texts', () => {
  const found = [...scanRegularExpressions()];
  expect(found.length).toBeGreaterThan(200);
  let runs = 0;
  let slowest = 0;
  const slow: string[] = [];
  for (const [key, { file, expression }] of distinct(found)) {
    for (const text of chosen(adversarialTexts(expression.source, { bytes, thorough: scale === 'full' }))) {
      const ms = costOf(expression, text);
      runs++;
      slowest = Math.max(slowest, ms);
      if (ms > mostMs) {
        slow.push(`${file}: ${key} takes ${Math.round(ms)} ms on ${JSON.stringify(text.slice(0, 20))}… × ${bytes}`);
        break;
      }
    }
  }
  report('C-29', {
    expressions: found.length,
    runs,
    bytes,
    slowestMs: Math.round(slowest * 10) / 10,
    slow: slow.length,
  });
  expect(slow).toEqual([]);
});

function distinct(found: readonly Found[]): Map<string, { readonly file: string; readonly expression: RegExp }> {
  const all = new Map<string, { readonly file: string; readonly expression: RegExp }>();
  for (const { file, literal } of found) all.set(literal, { file, expression: toRegExp(literal) });
  for (const { file, expression } of madeInPrograms) all.set(String(expression), { file, expression });
  return all;
}

it('C-29 calibration: an expression that backtracks is found', () => {
  const cost = costOf(/\s*x$/, `${' '.repeat(6_000)}!`);
  expect(cost).toBeGreaterThan(mostMs);
});

it.runIf(scale === 'full')('C-29 the scanner misses none that the parser knows', () => {
  const { literals, made } = parseRegularExpressions();
  expect(keys(scanRegularExpressions())).toEqual(keys(literals));
  expect(keys(made)).toEqual(keys(madeInPrograms));
});

function keys(all: readonly Found[]): string[] {
  return all.map(({ file, literal }) => `${file} ${literal}`).toSorted();
}

/** A third of them in a small run, another third with another seed. */
function chosen(texts: readonly string[]): readonly string[] {
  return scale === 'full' ? texts : texts.filter((_, index) => (index + seed) % 3 === 0);
}
