import { checkSignature, type Manifest } from '../../protocol/firmware/index.ts';
import type { JsonObject } from '../../std/json.ts';
import type { FirmwareStores } from './add-firmware.ts';
import { readFirmware, readTrustChain, type StoredFirmware } from './firmware-records.ts';

/** A release with what its hub can say about it. */
export interface ShownFirmware extends StoredFirmware {
  /** Whether the hub keeps the file. */
  readonly stored: boolean;
  /** By the keys that the hub knows. */
  readonly signatureVerdict: 'trusted' | 'not trusted' | 'unknown';
}

/** Failures: firmware-not-found, data-unusable, those of any request. */
export async function showFirmware(
  { records, artifacts }: FirmwareStores,
  { name, version }: Pick<Manifest, 'name' | 'version'>,
  signal?: AbortSignal,
): Promise<ShownFirmware> {
  const firmware = await readFirmware(records, name, version, signal);
  const [chain, artifact] = await Promise.all([
    readTrustChain(records, signal),
    artifacts.find(firmware.signed.manifest.sha256, signal),
  ]);
  return { ...firmware, stored: artifact !== undefined, signatureVerdict: verdictOf(firmware, chain.at(-1)?.trust) };
}

function verdictOf(
  { signed }: StoredFirmware,
  trust: Parameters<typeof checkSignature>[1] | undefined,
): ShownFirmware['signatureVerdict'] {
  if (trust === undefined) return 'unknown';
  return checkSignature(signed as unknown as JsonObject, trust).kind === 'signed' ? 'trusted' : 'not trusted';
}
