import type { JsonObject, JsonValue } from '../std/json.ts';

/**
 * The named members of an object, matched without regard to case: official SDKs vary in it. A member written exactly wins over
 * one that differs in case. Members of other names are left out. Source: service.md §0.3.
 */
export function canonicalMembers<Name extends string>(
  body: JsonObject,
  names: readonly Name[],
): ReadonlyMap<Name, JsonValue> {
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]));
  const found = new Map<Name, JsonValue>();
  for (const [key, value] of Object.entries(body)) {
    const name = byLowerCase.get(key.toLowerCase());
    if (name !== undefined && (key === name || !found.has(name))) found.set(name, value);
  }
  return found;
}
