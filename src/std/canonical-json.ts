import type { JsonValue } from './json.ts';

/** Deeper values are refused: nothing that is signed or digested here comes near, and a stack has an end. */
const deepest = 64;

/**
 * The one text of a JSON value that everybody agrees on: members in the order of their UTF-16 names, no white space, numbers and
 * strings as ECMAScript writes them. Source: RFC 8785 (JSON Canonicalization Scheme). RangeError for what JSON cannot carry
 * unchanged: numbers that are not finite, lone surrogates, values deeper than 64 levels.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0);
}

function write(value: JsonValue, depth: number): string {
  if (depth > deepest) throw new RangeError(`a value is nested deeper than ${deepest} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a number of JSON`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return writeString(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  const members: string[] = [];
  for (const name of Object.keys(value).toSorted(byCodeUnits)) {
    const member = value[name];
    // As JSON.stringify does: a member that is not there is not written.
    if (member !== undefined) members.push(`${writeString(name)}:${write(member, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw new RangeError('a text holds half of a surrogate pair');
  return JSON.stringify(text);
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
