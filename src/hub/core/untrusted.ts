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

/** Members of an untrusted object, asked for by name without regard to case: clients vary that of top-level names (service.md §0.3). */
export interface Fields {
  /** Undefined for a member that is absent, or null. */
  get(name: string): JsonValue | undefined;
  /** Whether all are absent, or null. */
  readonly isEmpty: boolean;
}

/** Reads an object's members; `what` names it in the error. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', `${what} must be a JSON object.`);
  return new ObjectFields(value);
}

/** The members of a member that is an object; those of one that is absent are absent. */
export function membersOf(fields: Fields, name: string): Fields {
  const value = fields.get(name);
  return value === undefined ? noFields : fieldsOf(value, name);
}

export const noFields: Fields = { get: () => undefined, isEmpty: true };

/** Looks at the names as they are: a bulk request has a thousand objects with a few members, each asked for once. */
class ObjectFields implements Fields {
  readonly #object: JsonObject;

  constructor(object: JsonObject) {
    this.#object = object;
  }

  get(name: string): JsonValue | undefined {
    let found: JsonValue | undefined;
    for (const key of Object.keys(this.#object)) if (isSameName(key, name)) found = this.#object[key] ?? found;
    return found;
  }

  get isEmpty(): boolean {
    return Object.values(this.#object).every((item) => item === null);
  }
}

function isSameName(key: string, name: string): boolean {
  return key === name || (key.length === name.length && key.toLowerCase() === name.toLowerCase());
}

/** A string member, undefined when absent. */
export function stringField(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new HubError('ArgumentInvalid', `${name} must be a string.`);
  return value;
}

/** A member of a closed set of words, compared without regard to case; undefined when absent or empty. */
export function wordField<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word | undefined {
  const text = stringField(fields, name);
  if (text === undefined || text === '') return undefined;
  const found = words.find((word) => isSameName(text, word));
  if (found === undefined) throw new HubError('ArgumentInvalid', `${name} must be one of ${words.join(', ')}.`);
  return found;
}
