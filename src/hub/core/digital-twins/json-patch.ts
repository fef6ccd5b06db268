import { HubError } from '../../../protocol/hub-errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import { isComponent } from './view.ts';

/** One step of a JSON Patch, understood: where in the desired properties, and what; null removes. */
interface Step {
  readonly path: readonly string[];
  readonly value: JsonValue;
}

/**
 * The patch of desired properties that a JSON Patch (`add`, `replace`, `remove`) over properties and components means. `desired` is
 * what they are now: an object that is replaced loses the members it does not name. HubErrors InvalidDigitalTwin….
 */
export function desiredPatchOf(body: JsonValue, desired: JsonObject): JsonObject {
  if (!Array.isArray(body))
    throw new HubError('InvalidDigitalTwinJsonPatch', 'The body must be a JSON Patch, an array.');
  if (body.length === 0) throw new HubError('InvalidDigitalTwinJsonPatch', 'The patch has no operation.');
  const patch = new Map<string, JsonValue>();
  for (const step of body.map(readStep)) {
    const [first = '', second] = step.path;
    const now = Object.hasOwn(desired, first) ? desired[first] : undefined;
    if (second === undefined) {
      patch.set(first, replacement(now, asComponent(step.value)));
    } else {
      const before = patch.get(first);
      const inner = isJsonObject(now ?? null) ? (now as JsonObject)[second] : undefined;
      const members = isJsonObject(before ?? null) ? (before as JsonObject) : {};
      patch.set(first, { ...members, __t: 'c', [second]: replacement(inner, step.value) });
    }
  }
  return Object.fromEntries(patch);
}

function readStep(operation: JsonValue): Step {
  if (!isJsonObject(operation)) throw new HubError('InvalidDigitalTwinJsonPatch', 'Each operation must be an object.');
  const { op, path, value } = operation;
  if (op !== 'add' && op !== 'replace' && op !== 'remove')
    throw new HubError('InvalidDigitalTwinPatch', 'op must be add, replace or remove.');
  const segments = typeof path === 'string' ? path.split('/').slice(1).map(unescapePointer) : [];
  const wrong =
    segments.length < 1 || segments.length > 2 || segments.some((name) => name === '' || /^[$_]/.test(name));
  if (wrong)
    throw new HubError('InvalidDigitalTwinPatchPath', 'path must be /property, /component or /component/property.');
  if (op === 'remove') return { path: segments, value: null };
  if (value === undefined || value === null)
    throw new HubError('InvalidDigitalTwinPayload', `${op} needs a value that is not null.`);
  return { path: segments, value };
}

function unescapePointer(text: string): string {
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A component is told by its `$metadata`; on the twin it has a mark instead. */
function asComponent(value: JsonValue): JsonValue {
  if (!isJsonObject(value) || !Object.hasOwn(value, '$metadata')) return value;
  const { $metadata: _, ...members } = value;
  return { ...members, __t: 'c' };
}

/** The merge patch that makes `now` into `value`. */
function replacement(now: JsonValue | undefined, value: JsonValue): JsonValue {
  if (!isJsonObject(value) || !isJsonObject(now ?? null)) return value;
  const before = now as JsonObject;
  const members = Object.entries(value).map(([name, inner]): [string, JsonValue] => [
    name,
    replacement(Object.hasOwn(before, name) ? before[name] : undefined, inner),
  ]);
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(value, name) && !name.startsWith('$'));
  const kept = isComponent(now) && !isComponent(value) ? gone.filter((name) => name !== '__t') : gone;
  return Object.fromEntries([...members, ...kept.map((name): [string, JsonValue] => [name, null])]);
}
