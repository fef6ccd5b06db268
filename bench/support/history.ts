import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HistoryPlan } from '../load/seed-telemetry.ts';
import { makeDevices } from './devices.ts';
import { runNode } from './processes.ts';
import type { Workspace } from './workspace.ts';

const seeder = fileURLToPath(new URL('../load/seed-telemetry.ts', import.meta.url));
const timeoutMs = 1_200_000;

/** The device that sends one message, the very first. */
export const rareDevice = 'rare-1';

export interface StoredHistory {
  readonly messages: number;
  readonly devices: readonly string[];
  /** Unix ms of the first and after the last message, which is a minute old. */
  readonly since: number;
  readonly until: number;
}

/** Puts a history into the log of a hub that does not run yet: one message each second from each device. */
export async function seedHistory(
  workspace: Workspace,
  size: { readonly messages: number; readonly deviceCount: number; readonly bodyBytes: number },
): Promise<StoredHistory> {
  const directory = join(workspace.directory, 'hub');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const until = Date.now() - 60_000;
  const since = until - Math.ceil(size.messages / size.deviceCount) * 1_000;
  const devices = makeDevices('pump-', size.deviceCount).map(({ deviceId }) => deviceId);
  const { messages, bodyBytes } = size;
  const plan: HistoryPlan = {
    file: join(directory, 'telemetry.db'),
    messages,
    devices,
    rare: rareDevice,
    bodyBytes,
    since,
  };
  await runNode([seeder], { input: JSON.stringify(plan), timeoutMs });
  return { messages, devices, since, until };
}

/** What the telemetry log of a hub that does not run takes on disk. */
export async function bytesOf(workspace: Workspace): Promise<number> {
  const directory = join(workspace.directory, 'hub');
  const names = (await readdir(directory)).filter((name) => name.startsWith('telemetry.db'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
