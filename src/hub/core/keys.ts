import { randomBytes } from 'node:crypto';
import type { RegistryStore } from './ports.ts';

/** Sizes of symmetric keys. Source: service.md §2.3. */
export const keyBytes = { minimum: 16, maximum: 64, generated: 32 } as const;

/** A new symmetric key: 32 random bytes in base64. */
export function generateKey(): string {
  return randomBytes(keyBytes.generated).toString('base64');
}

/** Two new keys from one draw: with ten thousand devices at once, drawing is what takes the time. */
export function generateKeys(): { primaryKey: string; secondaryKey: string } {
  const bytes = randomBytes(2 * keyBytes.generated);
  return {
    primaryKey: bytes.toString('base64', 0, keyBytes.generated),
    secondaryKey: bytes.toString('base64', keyBytes.generated),
  };
}

/** A key that the hub keeps for itself under a name; made when it is asked for the first time. */
export async function loadKey(
  store: Pick<RegistryStore, 'readSetting' | 'writeSetting'>,
  setting: string,
  bytes: number,
): Promise<Uint8Array> {
  const stored = await store.readSetting(setting);
  if (typeof stored === 'string') return Buffer.from(stored, 'base64');
  const key = randomBytes(bytes);
  await store.writeSetting(setting, key.toString('base64'));
  return key;
}
