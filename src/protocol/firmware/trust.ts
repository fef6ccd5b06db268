import { z } from 'zod';
import { keyIdSchema, signatureSchema, timeSchema } from './manifest.ts';

/**
 * The keys a device takes firmware from. A device is given one at provisioning; a newer one is taken when it is the next version and
 * signed by a key of the one before, and by a key of its own. One key is enough today; `threshold` is where TUF's root comes in.
 */
export const trustSchema = z
  .strictObject({
    format: z.literal(1),
    version: z.int().min(1).max(1_000_000).meta({ description: 'Rises by one with each change' }),
    keys: z
      .array(
        z.strictObject({
          keyId: keyIdSchema,
          publicKey: z
            .string()
            .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'must be a raw Ed25519 public key in base64')
            .meta({ description: 'Raw Ed25519 public key, base64' }),
        }),
      )
      .min(1)
      .max(16),
    createdAt: timeSchema,
  })
  .meta({ title: 'Firmware trust', description: 'The keys that may sign firmware' });

export type Trust = z.infer<typeof trustSchema>;

export const signedTrustSchema = z
  .strictObject({
    trust: trustSchema,
    signatures: z
      .array(z.strictObject({ keyId: keyIdSchema, signature: signatureSchema }))
      .min(1)
      .max(16),
  })
  .meta({
    title: 'Signed firmware trust',
    description: 'A set of keys, signed by one of the set before and one of its own',
  });

export type SignedTrust = z.infer<typeof signedTrustSchema>;
