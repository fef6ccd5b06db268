import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../std/json.ts';
import type { ConfigurationRecord } from './configuration-record.ts';
import { desiredOf, isStandard, overlay } from './content.ts';

/** Higher priority first; of equal ones the one created last. Source: service.md §7.2. */
export function byPrecedence(configurations: readonly ConfigurationRecord[]): ConfigurationRecord[] {
  return configurations.toSorted(
    (a, b) => b.priority - a.priority || b.createdTime - a.createdTime || (a.id < b.id ? 1 : -1),
  );
}

/** What configurations make of one twin together, and which of them had a part in it. */
export interface Combined {
  readonly desired: JsonObject;
  /** Ids whose settings are in `desired`; the others are overruled in everything they set. */
  readonly effective: ReadonlySet<string>;
}

/** Each path is taken from the first configuration that sets it. `ordered` begins with the highest. Source: service.md §7.5. */
export function combine(ordered: readonly ConfigurationRecord[]): Combined {
  let desired: JsonObject = {};
  const effective = new Set<string>();
  for (const { id, content } of ordered) {
    const wider = overlay(desiredOf(content.deviceContent ?? content.moduleContent ?? {}), desired);
    if (effective.size === 0 || !isDeepStrictEqual(wider, desired)) effective.add(id);
    desired = wider;
  }
  return { desired, effective };
}

/** What deployments make of an edge device: desired properties by module. */
export interface CombinedModules {
  readonly modules: ReadonlyMap<string, JsonObject>;
  readonly effective: ReadonlySet<string>;
}

/** The highest standard deployment, with the layered ones above it on top. Without a standard one nothing applies. */
export function combineModules(ordered: readonly ConfigurationRecord[]): CombinedModules {
  const base = ordered.findIndex(({ content }) => isStandard(content.modulesContent ?? {}));
  const chosen = base < 0 ? [] : ordered.slice(0, base + 1).toReversed();
  const modules = new Map<string, JsonObject>();
  for (const { content } of chosen) {
    for (const [name, inner] of Object.entries(content.modulesContent ?? {}))
      modules.set(name, overlay(modules.get(name) ?? {}, desiredOf(inner)));
  }
  return { modules, effective: new Set(chosen.map(({ id }) => id)) };
}
