import { Failure } from '../../errors/index.ts';
import type { TwinChange } from '../../protocol/twin/document.ts';
import { assemble, parseAssignment, parsePath, type Assignment } from '../../std/assignment.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

const hint = 'write tags.NAME=VALUE or desired.NAME=VALUE; NAME=VALUE alone means desired';
const sectionNames: ReadonlySet<string> = new Set(['tags', 'desired', 'properties']);

/**
 * The change that words such as `tags.site=north` and `interval=5` ask for; they merge, the last one wins. A `documents` entry is
 * JSON from a file: `{tags, desired}` or `{tags, properties}`, or the desired properties themselves. Failure: invalid-value.
 */
export function changeOfWords(words: readonly string[], documents: readonly JsonValue[] = []): TwinChange {
  const fromDocuments = documents.flatMap(assignmentsOfDocument);
  return assembleChange([...fromDocuments, ...words.map((word) => located(understand(() => parseAssignment(word))))]);
}

/** The change that removes these paths. Failure: invalid-value. */
export function removalOfPaths(paths: readonly string[]): TwinChange {
  return assembleChange(paths.map((path) => located({ path: understand(() => parsePath(path)), value: null })));
}

/** `properties.desired.x`, `desired.x` and `x` all as `desired.x`. */
function located({ path, value }: Assignment): Assignment {
  const [first = '', ...rest] = path;
  if (first === 'properties') return located({ path: rest, value });
  if (first === 'reported') {
    throw new Failure('invalid-value', `${path.join('.')}: only the device itself writes reported properties`, {
      hint,
    });
  }
  const inSection = first === 'tags' || first === 'desired';
  if (inSection && rest.length === 0 && !isJsonObject(value)) {
    throw new Failure('invalid-value', `${first} itself takes an object, not ${JSON.stringify(value)}`, { hint });
  }
  return { path: inSection ? path : ['desired', ...path], value };
}

function assignmentsOfDocument(document: JsonValue): Assignment[] {
  if (!isJsonObject(document)) throw new Failure('invalid-input', 'a twin change must be a JSON object', { hint });
  const names = Object.keys(document);
  if (names.length === 0 || !names.every((name) => sectionNames.has(name)))
    return [{ path: ['desired'], value: document }];
  return names.flatMap((name) => {
    const value = document[name] ?? null;
    if (name !== 'properties') return [located({ path: [name], value })];
    if (!isJsonObject(value)) throw new Failure('invalid-input', '"properties" must be an object', { hint });
    return Object.entries(value).map(([section, inner]) => located({ path: [section], value: inner }));
  });
}

function assembleChange(assignments: readonly Assignment[]): TwinChange {
  const merged = understand(() => assemble(assignments));
  const { tags, desired } = merged;
  const change: TwinChange = {};
  if (isJsonObject(tags)) change.tags = tags;
  if (isJsonObject(desired)) change.properties = { desired };
  return change;
}

function understand<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure('invalid-value', error.message, { hint, cause: error });
    throw error;
  }
}

/** What a merge patch makes of a document: `null` removes, objects merge, the rest replaces. Source: service.md §3.1. */
export function applyPatch(document: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map<string, JsonValue>(Object.entries(document));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else if (isJsonObject(value)) {
      const before = result.get(name);
      result.set(name, applyPatch(isJsonObject(before) ? before : {}, value));
    } else result.set(name, value);
  }
  return Object.fromEntries(result);
}
