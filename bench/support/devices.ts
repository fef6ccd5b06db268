import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace.ts';

export interface BenchDevice {
  readonly deviceId: string;
  /** Base64. */
  readonly key: string;
}

/** Devices as a fleet's spreadsheet has them. */
export function makeDevices(prefix: string, count: number): BenchDevice[] {
  return Array.from({ length: count }, (_, index) => ({
    deviceId: `${prefix}${String(index + 1).padStart(5, '0')}`,
    key: randomBytes(32).toString('base64'),
  }));
}

/** Writes the CSV that `iotctl provision --from` reads. */
export async function writeDeviceCsv(path: string, devices: readonly BenchDevice[]): Promise<void> {
  const lines = devices.map(
    ({ deviceId, key }, index) => `${deviceId},${key},enabled,site-${index % 20},${(index % 60) + 1}`,
  );
  await writeFile(path, ['deviceId,key,status,TAG:site,DESIRED:interval', ...lines, ''].join('\n'), { mode: 0o600 });
}

/** Registers them as a user does. */
export async function provisionDevices(workspace: Workspace, devices: readonly BenchDevice[]): Promise<void> {
  const csv = join(workspace.directory, 'devices.csv');
  await writeDeviceCsv(csv, devices);
  await workspace.iotctl(['provision', '--from', csv, '--yes']);
}

/** The same with a tag `lot` that so many devices share, spread over all of them. */
export async function writeLotCsv(path: string, devices: readonly BenchDevice[], lotSize: number): Promise<void> {
  const lots = Math.max(1, Math.floor(devices.length / lotSize));
  const lines = devices.map(({ deviceId, key }, index) => `${deviceId},${key},lot-${index % lots}`);
  await writeFile(path, ['deviceId,key,TAG:lot', ...lines, ''].join('\n'), { mode: 0o600 });
}
