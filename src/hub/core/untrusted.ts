/** Reading JSON that came from outside: bounded in depth, without keys that could reach a prototype. */
import { HubError } from '../../protocol/hub-errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

/** Deep enough for a twin (10 levels) inside a bulk request, far from where recursion would exhaust the stack. */
const maxDepth = 64;

/**
 * Parses untrusted JSON text. Failures: HubError DeserializationError (not JSON), ArgumentInvalid (nested too deeply, or a
 * member named `__proto__`).
 */
export function parseUntrustedJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    // The engine's own message quotes the input, which may hold keys; only the place is passed on.
    const place = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw new HubError(
      'DeserializationError',
      place === undefined ? 'The body is not JSON.' : `The body is not JSON: see character ${place}.`,
    );
  }
  guardJson(value);
  return value;
}

/** Throws HubError ArgumentInvalid when the value is nested too deeply or has a member named `__proto__`. Iterative on purpose. */
export function guardJson(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return;
  let level: (JsonValue[] | JsonObject)[] = [value];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxDepth) throw new HubError('ArgumentInvalid', `The body is nested deeper than ${maxDepth} levels.`);
    const below: (JsonValue[] | JsonObject)[] = [];
    for (const container of level) collectContainers(container, below);
    level = below;
  }
}

function collectContainers(container: JsonValue[] | JsonObject, found: (JsonValue[] | JsonObject)[]): void {
  if (Array.isArray(container)) {
    for (const item of container) if (typeof item === 'object' && item !== null) found.push(item);
    return;
  }
  for (const key of Object.keys(container)) {
    if (key === '__proto__') throw new HubError('ArgumentInvalid', 'A member must not be named __proto__.');
    const item = container[key];
    if (typeof item === 'object' && item !== null) found.push(item);
  }
}

/** Members of an untrusted object by lower-case name: clients vary the case of top-level names (service.md §0.3). */
export type Fields = ReadonlyMap<string, JsonValue>;

/** Reads an object's members; `what` names it in the error. A null member counts as absent. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', `${what} must be a JSON object.`);
  const fields = new Map<string, JsonValue>();
  for (const [name, item] of Object.entries(value)) {
    if (item !== null) fields.set(name.toLowerCase(), item);
  }
  return fields;
}

/** A string member, undefined when absent. */
export function stringField(fields: Fields, name: string): string | undefined {
  const value = fields.get(name.toLowerCase());
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', `${name} must be a string.`);
  return value;
}

/** A member of a closed set of words, compared without regard to case; undefined when absent or empty. */
export function wordField<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word | undefined {
  const text = stringField(fields, name);
  if (text === undefined || text === '') return undefined;
  const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw new HubError('ArgumentInvalid', `${name} must be one of ${words.join(', ')}.`);
  return found;
}
