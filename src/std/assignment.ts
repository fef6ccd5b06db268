import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { messageOf } from './message-of.ts';

/** One `key.path=value`, taken apart. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: JsonValue;
}

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);

/**
 * Reads a value as a person means it: `true`, `false`, `null` and JSON numbers by their type, `{…}` and `[…]` as JSON, text in
 * single or double quotes as text, the rest as text. Numbers that would lose digits stay text.
 * @throws {SyntaxError} when something that begins as JSON is not.
 */
export function parseValue(text: string): JsonValue {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null') return null;
  if (numberPattern.test(text)) return exactNumber(text) ?? text;
  if (/^["[{]/.test(text)) return JSON.parse(text, refuseForbidden) as JsonValue;
  if (text.length >= 2 && text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1);
  return text;
}

function exactNumber(text: string): number | undefined {
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : value;
}

function refuseForbidden(this: unknown, key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('the name __proto__ is not allowed');
  return value;
}

/**
 * Takes `site.room=12` apart: `{ path: ['site', 'room'], value: 12 }`. A dot in a name is written `\.`.
 * @throws {SyntaxError} saying what is wrong.
 */
export function parseAssignment(text: string): Assignment {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new SyntaxError(`"${text}" is not KEY=VALUE`);
  const path = parsePath(text.slice(0, equals));
  try {
    return { path, value: parseValue(text.slice(equals + 1)) };
  } catch (error) {
    throw new SyntaxError(`the value of ${path.join('.')} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Splits a dotted name; `\.` is a dot inside a name, `\\` a backslash.
 * @throws {SyntaxError} for an empty part and for names that would reach an object's prototype.
 */
export function parsePath(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    if (character === '.') {
      parts.push(part);
      part = '';
    } else {
      part += character === '\\' && index + 1 < text.length ? (text[++index] ?? '') : character;
    }
  }
  parts.push(part);
  if (parts.includes('')) throw new SyntaxError(`"${text}" has an empty name between dots`);
  const forbidden = parts.find((name) => forbiddenNames.has(name));
  if (forbidden !== undefined) throw new SyntaxError(`the name ${forbidden} is not allowed`);
  return parts;
}

/**
 * Builds one object of several assignments; they merge, the last one wins.
 * @throws {SyntaxError} when one needs an object where another has put a plain value.
 */
export function assemble(assignments: Iterable<Assignment>): JsonObject {
  const root: JsonObject = {};
  for (const { path, value } of assignments) assign(root, path, value);
  return root;
}

/**
 * Puts one value into an object, making the objects on its path.
 * @throws {SyntaxError} when there is a plain value where the path needs an object.
 */
export function assign(root: JsonObject, path: readonly string[], value: JsonValue): void {
  let node = root;
  for (const name of path.slice(0, -1)) {
    const child = Object.hasOwn(node, name) ? node[name] : undefined;
    if (child === undefined) {
      const fresh: JsonObject = {};
      node[name] = fresh;
      node = fresh;
    } else if (isJsonObject(child)) {
      node = child;
    } else {
      throw new SyntaxError(`${path.join('.')} needs ${name} to be an object, but it has a value already`);
    }
  }
  const last = path.at(-1);
  if (last !== undefined) node[last] = value;
}
