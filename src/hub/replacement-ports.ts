/** The ports that a hub took in place of its own: with the next start it takes the same, so that who is connected finds it again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../std/atomic-file.ts';
import { isJsonObject } from '../std/json.ts';
import { portNames, type PortName } from './ports.ts';

export type ReplacementPorts = Readonly<Partial<Record<PortName, number>>>;

const fileName = 'hub.ports.json';

/** Nothing where no hub was, or where the file cannot be read: it is a convenience. */
export async function readReplacementPorts(dataDir: string): Promise<ReplacementPorts> {
  try {
    const kept: unknown = JSON.parse(await readFile(join(dataDir, fileName), 'utf8'));
    if (!isJsonObject(kept)) return {};
    return Object.fromEntries(portNames.filter((name) => isPort(kept[name])).map((name) => [name, kept[name]]));
  } catch {
    return {};
  }
}

/** Keeps them beside those of ports that were not opened this time. */
export async function keepReplacementPorts(dataDir: string, taken: ReplacementPorts): Promise<void> {
  const earlier = await readReplacementPorts(dataDir);
  const all = { ...earlier, ...taken };
  if (portNames.every((name) => all[name] === earlier[name])) return;
  await writeFileAtomic(join(dataDir, fileName), `${JSON.stringify(all)}\n`, 0o600);
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
