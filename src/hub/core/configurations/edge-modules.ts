import { HubError } from '../../../protocol/hub-errors.ts';
import { identityPath } from '../../../protocol/identity-path.ts';
import { mergeContent } from '../../../protocol/twin/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { ModuleRegistry } from '../services.ts';
import { writeTwin, type ApplyParts } from './apply.ts';
import { deployedModules } from './content.ts';

export interface EdgeParts extends ApplyParts {
  readonly modules: ModuleRegistry;
}

const manager = 'iotEdge';

/**
 * Makes the modules of an edge device what a deployment says: missing identities are created, the desired properties of those it
 * mentions are replaced; with `prune` identities that a deployment once made and this one does not mention are removed.
 * Source: service.md §7.8.
 */
export async function deployModules(
  parts: EdgeParts,
  deviceId: string,
  modules: ReadonlyMap<string, JsonObject>,
  { prune }: { readonly prune: boolean },
): Promise<void> {
  const agent = modules.get('$edgeAgent') ?? {};
  const wanted = new Set([...modules.keys(), ...deployedModules(agent)]);
  const present = await parts.modules.list(deviceId);
  const names = new Set(present.map(({ moduleId }) => moduleId));
  for (const name of wanted) if (!names.has(name)) await createModule(parts, deviceId, name);
  for (const [name, desired] of modules) {
    const content = mergeContent({}, desired);
    await writeTwin(parts, identityPath(deviceId, name), { desired: { content, replace: true } });
  }
  if (!prune) return;
  for (const { moduleId, managedBy } of present) {
    if (wanted.has(moduleId) || moduleId.startsWith('$') || managedBy?.toLowerCase() !== manager.toLowerCase())
      continue;
    await parts.modules.delete(identityPath(deviceId, moduleId), '*');
  }
}

async function createModule({ modules }: EdgeParts, deviceId: string, moduleId: string): Promise<void> {
  try {
    await modules.put(identityPath(deviceId, moduleId), { deviceId, moduleId, managedBy: manager }, undefined);
  } catch (error) {
    const raced = error instanceof HubError && error.symbol === 'ModuleAlreadyExistsOnDevice';
    if (!raced) throw error;
  }
}
