/** Entries that each carry the hash of the one before, so that a change, a gap, an insertion and another order all show. */
import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { JsonValue } from './json.ts';

/** What ties an entry to those before it. */
export interface Link {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  /** Hash of the entry before. */
  readonly previous: string;
  /** SHA-256 of the canonical JSON of everything else in the entry, in hexadecimal digits. */
  readonly hash: string;
}

/** Where a chain stands. */
export type ChainEnd = Pick<Link, 'seq' | 'hash'>;

/** `changed`: the content is not what the hash was made of; `broken`: it does not follow the one before. */
export interface LinkProblem {
  readonly kind: 'changed' | 'broken';
  readonly message: string;
}

/** What the first entry follows: another for every chain, so that an entry of one is never one of another. */
export function emptyChain(name: string): ChainEnd {
  return { seq: 0, hash: hash('sha256', name) };
}

/** The entry that follows `end`. RangeError for content that has no canonical form; see {@link wellFormed}. */
export function linkEntry<Content extends object>(end: ChainEnd, content: Content): Content & Link {
  const entry = { seq: end.seq + 1, ...content, previous: end.hash };
  return { ...entry, hash: hash('sha256', canonicalJson(entry)) };
}

/** Whether an entry has the content its hash was made of. */
function hasItsHash({ hash: own, ...content }: Link): boolean {
  try {
    return hash('sha256', canonicalJson(content)) === own;
  } catch {
    return false; // What has no canonical form was never written as an entry.
  }
}

/** What is wrong with an entry that should follow `before`; nothing for the one that does. */
export function problemsOfLink(entry: Link, before: ChainEnd): readonly LinkProblem[] {
  const problems: LinkProblem[] = [];
  if (!hasItsHash(entry)) problems.push({ kind: 'changed', message: 'does not have the content it was written with' });
  if (entry.seq !== before.seq + 1)
    problems.push({ kind: 'broken', message: `follows entry ${before.seq} and has number ${entry.seq}` });
  else if (entry.previous !== before.hash)
    problems.push({ kind: 'broken', message: `does not follow the entry ${before.seq} that stands before it` });
  return problems;
}

/** The value with whole surrogate pairs only: foreign text may hold halves, which have no canonical form. */
export function wellFormed(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toWellFormed(), wellFormed(member)]));
}
