import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

/** One place where two documents differ. A side that has nothing there is undefined. */
export interface Difference {
  /** Dotted path; dots inside a name are written `\.`. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly left: JsonValue | undefined;
  readonly right: JsonValue | undefined;
}

/** Deeper than any twin may be (10 levels); below it values are told as a whole. */
const deepest = 32;

/** Where two documents differ, leaf by leaf, in the order of their names. Arrays are compared as a whole, as a merge replaces them. */
export function diffDocuments(left: JsonObject, right: JsonObject, prefix: readonly string[] = []): Difference[] {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].toSorted((a, b) => (a < b ? -1 : 1));
  return names.flatMap((name) => diffValues(ownMember(left, name), ownMember(right, name), [...prefix, name]));
}

function diffValues(left: JsonValue | undefined, right: JsonValue | undefined, path: readonly string[]): Difference[] {
  if (isJsonObject(left) && isJsonObject(right) && path.length < deepest) return diffDocuments(left, right, path);
  if (left === undefined && right === undefined) return [];
  if (left !== undefined && right !== undefined && sameValue(left, right, 0)) return [];
  const kind = left === undefined ? 'added' : right === undefined ? 'removed' : 'changed';
  return [{ path: formatPath(path), kind, left, right }];
}

/** Writes a path as `twin set` reads it. */
function formatPath(path: readonly string[]): string {
  return path.map((name) => name.replaceAll('\\', '\\\\').replaceAll('.', '\\.')).join('.');
}

function sameValue(left: JsonValue, right: JsonValue, depth: number): boolean {
  if (left === right) return true;
  if (depth > deepest || typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const leftEntries = Object.entries(left);
  if (leftEntries.length !== Object.keys(right).length) return false;
  return leftEntries.every(([name, value]: [string, JsonValue]) => {
    const other: JsonValue | undefined = Object.hasOwn(right, name) ? (right as JsonObject)[name] : undefined;
    return other !== undefined && sameValue(value, other, depth + 1);
  });
}

function ownMember(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
