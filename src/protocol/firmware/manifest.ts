import { valid } from 'semver';
import { z } from 'zod';

/** Digits of a SHA-256, in lower case; the name of an artifact. */
export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256: 64 hexadecimal digits in lower case')
  .meta({ description: 'SHA-256 as 64 hexadecimal digits in lower case' });

/** Versions are compared as semver; `1.2` and `v1.2.3` are not versions. */
export const versionSchema = z
  .string()
  .max(128)
  .refine((text) => valid(text) === text, 'must be a version such as 1.4.2 (semver)')
  // The pattern is for readers of the JSON Schema alone; semver decides.
  .meta({
    description: 'Version by semver 2.0.0 without build metadata, such as 1.4.2',
    pattern: String.raw`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`,
  });

/** A moment, as `2026-03-01T12:00:00.000Z`. */
export const timeSchema = z.iso.datetime().meta({ description: 'UTC time, ISO 8601' });

/** What a device says that it is, and a manifest that it fits: `pump-v2`. */
export const hardwareSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}$/, 'must be 1 to 64 letters, digits and . _ : + -')
  .meta({ description: 'Hardware model' });

/** The largest integer that a twin carries (device.md §6); sizes and counters need no more than that: 4 PB. */
const largestInteger = 4_503_599_627_370_495;

const counter = z.int().min(0).max(largestInteger);

/** Describes one firmware file. Signed as a whole; a device installs nothing that a trusted key has not signed. */
export const manifestSchema = z
  .strictObject({
    format: z.literal(1).meta({ description: 'Version of this document' }),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits and . _ -')
      .meta({ description: 'Name of the firmware, such as pump' }),
    version: versionSchema,
    hardware: z.array(hardwareSchema).min(1).max(32).meta({ description: 'Hardware models that the file fits' }),
    size: counter.min(1).meta({ description: 'Length of the file in bytes' }),
    sha256: sha256Schema,
    releaseCounter: counter.meta({
      description:
        'A device takes no release with a lower one than it has confirmed, whatever the versions; guards against old releases',
    }),
    minVersion: versionSchema.optional().meta({ description: 'The oldest version that may be upgraded from' }),
    createdAt: timeSchema,
  })
  .meta({ title: 'Firmware manifest', description: 'Describes one firmware file; signed with Ed25519' });

export type Manifest = z.infer<typeof manifestSchema>;

/**
 * A signature by one key over the canonical bytes of a document. The last digit carries two bits alone: with others in it a second text
 * would stand for the same signature.
 */
export const signatureSchema = z
  .string()
  .regex(/^[A-Za-z0-9+/]{85}[AQgw]==$/, 'must be an Ed25519 signature in base64')
  .meta({ description: 'Ed25519 signature, base64' });

/** The digest of a public key: what signatures and trust documents call it. */
export const keyIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be a key id: 32 hexadecimal digits')
  .meta({ description: 'The first 16 bytes of the SHA-256 of the raw public key, in hexadecimal' });

/** A manifest with its signature, as `firmware sign` writes it. */
export const signedManifestSchema = z
  .strictObject({ manifest: manifestSchema, keyId: keyIdSchema, signature: signatureSchema })
  .meta({ title: 'Signed firmware manifest' });

export type SignedManifest = z.infer<typeof signedManifestSchema>;

/** `NAME@VERSION`, what a manifest is called on a command line. */
export function manifestName({ name, version }: Pick<Manifest, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** `NAME@VERSION` taken apart; undefined for what is no name and version of a firmware. */
export function parseManifestName(text: string): Pick<Manifest, 'name' | 'version'> | undefined {
  const at = text.indexOf('@');
  const parsed = manifestSchema
    .pick({ name: true, version: true })
    .safeParse({ name: text.slice(0, Math.max(at, 0)), version: text.slice(at + 1) });
  return parsed.success ? parsed.data : undefined;
}
