import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SeedPlan } from '../load/seed-registry.ts';
import { runNode } from './processes.ts';
import type { Workspace } from './workspace.ts';

const seeder = fileURLToPath(new URL('../load/seed-registry.ts', import.meta.url));
const timeoutMs = 900_000;

/** Puts devices into the registry of a hub that does not run yet. Answers the milliseconds it took. */
export async function seedRegistry(workspace: Workspace, plan: Omit<SeedPlan, 'file'>): Promise<number> {
  const directory = join(workspace.directory, 'hub');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const input = JSON.stringify({ ...plan, file: join(directory, 'registry.db') } satisfies SeedPlan);
  return (await runNode([seeder], { input, timeoutMs })).ms;
}
