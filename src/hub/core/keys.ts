import { randomBytes } from 'node:crypto';

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
