import { isDeepStrictEqual } from 'node:util';
import { configurationLimits, type ConfigurationContent } from '../../../protocol/configuration.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { mergeContent } from '../../../protocol/twin/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import { fieldsOf } from '../untrusted.ts';

const forms = ['deviceContent', 'moduleContent', 'modulesContent'] as const;
const root = 'properties.desired';

/** Reads untrusted content: one form, keys below `properties.desired`. HubError InvalidConfigurationContent. Source: service.md §7.3. */
export function parseContent(value: JsonValue | undefined): ConfigurationContent {
  if (value === undefined || !isJsonObject(value)) throw invalid('The configuration needs content, an object.');
  const members = fieldsOf(value, 'content');
  const given = forms.filter((form) => members.get(form.toLowerCase()) !== undefined);
  const [form] = given;
  if (form === undefined || given.length > 1)
    throw invalid('content needs exactly one of deviceContent, moduleContent and modulesContent.');
  const inner = members.get(form.toLowerCase());
  if (!isJsonObject(inner ?? null)) throw invalid(`${form} must be an object.`);
  if (form !== 'modulesContent') return { [form]: checkKeys(inner as JsonObject, form) };
  return { modulesContent: checkModules(inner as JsonObject) };
}

function checkModules(modules: JsonObject): Record<string, JsonObject> {
  if (!Object.hasOwn(modules, '$edgeAgent')) throw invalid('modulesContent must mention $edgeAgent.');
  const names = new Set(Object.keys(modules));
  const checked = Object.entries(modules).map(([name, content]): [string, JsonObject] => {
    if (!isJsonObject(content)) throw invalid(`modulesContent.${name} must be an object.`);
    return [name, checkKeys(content, name)];
  });
  const content = Object.fromEntries(checked);
  for (const name of deployedModules(desiredOf(content['$edgeAgent'] ?? {}))) names.add(name);
  if (names.size > configurationLimits.edgeModules)
    throw invalid(`A deployment may have at most ${configurationLimits.edgeModules} modules.`);
  return content;
}

function checkKeys(content: JsonObject, where: string): JsonObject {
  for (const key of Object.keys(content)) {
    const path = key === root ? [] : key.startsWith(`${root}.`) ? key.slice(root.length + 1).split('.') : [''];
    if (path.includes('')) throw invalid(`${where}: '${key}' is neither ${root} nor below it.`);
    if (path.length === 0 && !isJsonObject(content[key] ?? null)) throw invalid(`${where}: ${root} must be an object.`);
  }
  return content;
}

function invalid(text: string): HubError {
  return new HubError('InvalidConfigurationContent', text);
}

/** The desired properties that content sets: its keys unfolded into one object. Nulls, which remove, are kept. */
export function desiredOf(content: JsonObject): JsonObject {
  let desired: JsonObject = {};
  for (const [key, value] of Object.entries(content)) {
    const path = key === root ? [] : key.slice(root.length + 1).split('.');
    desired = overlay(desired, unfold(path, value));
  }
  return desired;
}

function unfold(path: readonly string[], value: JsonValue): JsonObject {
  const [first, ...rest] = path;
  if (first === undefined) return isJsonObject(value) ? value : {};
  return Object.fromEntries([[first, rest.length === 0 ? value : unfold(rest, value)]]);
}

/** `above` over `below`, path by path: objects join, everything else is taken from above. Unlike a merge it keeps nulls. */
export function overlay(below: JsonObject, above: JsonObject): JsonObject {
  const joined = new Map<string, JsonValue>(Object.entries(below));
  for (const [name, value] of Object.entries(above)) {
    const under = joined.get(name);
    joined.set(name, isJsonObject(value) && isJsonObject(under ?? null) ? overlay(under as JsonObject, value) : value);
  }
  return Object.fromEntries(joined);
}

/** True when merging the patch would change nothing. */
export function holds(content: JsonObject, patch: JsonObject): boolean {
  return isDeepStrictEqual(mergeContent(content, patch), content);
}

/** The modules an agent is told to run. */
export function deployedModules(agent: JsonObject): string[] {
  const modules = agent['modules'];
  return isJsonObject(modules) ? Object.keys(modules) : [];
}

/** True for a deployment that stands alone: it sets all that the agent is told. Layered ones set parts. Source: service.md §7.3. */
export function isStandard(modules: Readonly<Record<string, JsonObject>>): boolean {
  return Object.hasOwn(modules['$edgeAgent'] ?? {}, root);
}
