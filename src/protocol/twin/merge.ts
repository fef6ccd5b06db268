import { isJsonObject, type JsonObject } from '../../std/json.ts';
import { HubError } from '../hub-errors.ts';

/** Deeper than any content that passes the checks; keeps a patch that was not checked from exhausting the stack. */
const deepest = 64;

/**
 * The merge of device.md §6: objects recurse, null deletes, scalars and arrays replace. Neither argument is changed;
 * null is never in the result.
 */
export function mergeContent(content: JsonObject, patch: JsonObject, depth = 0): JsonObject {
  guardDepth(depth);
  const merged: JsonObject = { ...content };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[key];
    } else if (isJsonObject(value)) {
      const current = Object.hasOwn(content, key) ? content[key] : undefined;
      setMember(merged, key, mergeContent(isJsonObject(current) ? current : {}, value, depth + 1));
    } else {
      setMember(merged, key, value);
    }
  }
  return merged;
}

/** Sets an own member whatever its name: assigning `__proto__` would change the prototype instead. */
export function setMember<Value>(target: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

export function guardDepth(depth: number): void {
  if (depth > deepest) throw new HubError('ArgumentInvalid', 'the document is nested too deeply');
}
