import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyChain,
  linkEntry,
  problemsOfLink,
  wellFormed,
  type ChainEnd,
  type Link,
} from '../../src/std/hash-chain.ts';
import type { JsonValue } from '../../src/std/json.ts';

type Entry = Link & { readonly what: JsonValue };

function chainOf(contents: readonly JsonValue[]): Entry[] {
  const entries: Entry[] = [];
  let end: ChainEnd = emptyChain('test');
  for (const what of contents) {
    const entry = linkEntry(end, { what: wellFormed(what) });
    entries.push(entry);
    end = entry;
  }
  return entries;
}

function isWhole(entries: readonly Entry[]): boolean {
  let before: ChainEnd = emptyChain('test');
  return entries.every((entry) => {
    const problems = problemsOfLink(entry, before);
    before = entry;
    return problems.length === 0;
  });
}

describe('a chain of hashes', () => {
  test('is whole as it was written, and shows every change, gap, insertion and exchange', () => {
    const contents = fc.array(fc.jsonValue() as fc.Arbitrary<JsonValue>, { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(contents, fc.nat(), (values, at) => {
        const entries = chainOf(values);
        expect(isWhole(entries)).toBe(true);
        const index = at % (entries.length - 1);
        const [here, next] = [entries[index], entries[index + 1]];
        if (here === undefined || next === undefined) throw new Error('no such entry');
        expect(isWhole(entries.with(index, { ...here, what: [here.what] }))).toBe(false);
        expect(isWhole(entries.toSpliced(index, 1))).toBe(false);
        expect(isWhole(entries.toSpliced(index, 0, { ...here, what: 'new' }))).toBe(false);
        expect(isWhole(entries.toSpliced(index, 2, next, here))).toBe(false);
        const forged = linkEntry(index === 0 ? emptyChain('test') : (entries[index - 1] ?? here), { what: 'forged' });
        expect(isWhole(entries.with(index, forged))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('of another name has another beginning', () => {
    expect(isWhole([linkEntry(emptyChain('other'), { what: 1 })])).toBe(false);
  });
});
