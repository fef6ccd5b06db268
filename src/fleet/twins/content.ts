import type { JsonObject } from '../../std/json.ts';

/** A section without the hub's own `$version` and `$metadata`. */
export function contentOf(section: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(section).filter(([name]) => !name.startsWith('$')));
}
