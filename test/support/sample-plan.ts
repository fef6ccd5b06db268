import { createHash, generateKeyPairSync } from 'node:crypto';
import { specSchema, type SpecInput } from '../../src/fleet/rollout/model/spec.ts';
import type { Plan } from '../../src/fleet/rollout/model/plan.ts';
import { signManifest, type Manifest, type SignedManifest } from '../../src/protocol/firmware/index.ts';

const releaseKey = generateKeyPairSync('ed25519').privateKey;

/** A manifest signed by a key of this process. */
export function sampleFirmware(change: Partial<Manifest> = {}): SignedManifest {
  const manifest: Manifest = {
    format: 1,
    name: 'pump',
    version: '2.0.0',
    hardware: ['pump-v2'],
    size: 1_000,
    sha256: createHash('sha256').update('pump 2.0.0').digest('hex'),
    releaseCounter: 2,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
  return signManifest(manifest, releaseKey);
}

/** A plan over `count` devices in waves of these cumulative sizes; its digest is only good for telling plans apart. */
export function samplePlan(
  count: number,
  waveEnds: readonly number[] = [count],
  change: { readonly id?: string; readonly policy?: SpecInput['policy']; readonly firmware?: SignedManifest } = {},
): Plan {
  const firmware = change.firmware ?? sampleFirmware();
  const spec = specSchema.parse({
    id: change.id ?? 'pump-2',
    firmware: { name: firmware.manifest.name, version: firmware.manifest.version },
    target: { where: "tags.model = 'pump'" },
    policy: { waves: waveEnds.map((size) => ({ size })), ...change.policy },
  });
  const devices = Array.from({ length: count }, (_, index) => ({
    deviceId: `pump-${String(index).padStart(5, '0')}`,
    wave: waveEnds.findIndex((end) => index < end),
    version: '1.0.0',
  }));
  const digest = createHash('sha256')
    .update(JSON.stringify([spec, devices]))
    .digest('hex');
  return { format: 1, digest, createdAt: '2026-01-01T00:00:00.000Z', spec, firmware, waveEnds, devices, leftOut: 0 };
}
