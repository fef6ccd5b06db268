import { lt } from 'semver';
import type { ArtifactStore } from '../../client/artifacts.ts';
import type { RecordStore } from '../../client/records.ts';
import { Failure, isFailure } from '../../errors/index.ts';
import { manifestName, type SignedManifest, type Trust } from '../../protocol/firmware/index.ts';
import { canonicalJson } from '../../std/canonical-json.ts';
import type { JsonObject } from '../../std/json.ts';
import {
  listFirmware,
  readReleaseRecord,
  readTrustChain,
  releaseRecord,
  releaseValue,
  type StoredFirmware,
} from './firmware-records.ts';
import { measureFile } from './measured-file.ts';
import { failureOf, verifyFile, verifyFirmware } from './verify-firmware.ts';

/** The parts of a hub that keep firmware. */
export interface FirmwareStores {
  readonly records: RecordStore;
  readonly artifacts: ArtifactStore;
}

export interface AddFirmwareRequest {
  readonly signed: SignedManifest;
  /** Keys that its signature must be by; those of the hub when absent. */
  readonly trust?: Pick<Trust, 'keys'> | undefined;
  /** Goes to the hub; with `url` it is only checked. */
  readonly file?: string | undefined;
  /** Where devices fetch it instead. */
  readonly url?: string | undefined;
  readonly dryRun: boolean;
  /** Unix milliseconds. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
  /** Told all bytes of the file that have been read to check it. */
  readonly onMeasured?: (bytes: number) => void;
  /** Told all bytes that have been sent. */
  readonly onSent?: (bytes: number) => void;
}

export interface AddedFirmware extends StoredFirmware {
  /** `replaced`: the same manifest by another key, or at another address; `added` also when the file alone was missing. */
  readonly result: 'added' | 'replaced' | 'unchanged' | 'planned';
  /** Whose keys the signature was verified by. */
  readonly verifiedBy: 'given' | 'hub' | 'nobody';
  /** Older versions with a higher release counter: devices that have run one refuse this release. */
  readonly refusedAfter: readonly string[];
}

/**
 * Brings a release to a hub: the file first, then its record, so that nothing is ever offered that cannot be fetched. Done again it
 * changes nothing, and what was broken off is finished. Failures: check-failed (signature, size or digest do not fit), conflict (another
 * manifest under this name and version), invalid-value, those of the file and of any request.
 */
export async function addFirmware(stores: FirmwareStores, request: AddFirmwareRequest): Promise<AddedFirmware> {
  const refusedAfter = await findHigherCounters(stores, request);
  return { ...(await bringRelease(stores, request)), refusedAfter };
}

async function bringRelease(
  stores: FirmwareStores,
  request: AddFirmwareRequest,
): Promise<Omit<AddedFirmware, 'refusedAfter'>> {
  const { signed, signal } = request;
  const name = manifestName(signed.manifest);
  const verifiedBy = await verify(stores, request, name);
  const record = await readReleaseRecord(stores.records, signed.manifest, signal);
  if (record !== undefined) refuseAnother(record.firmware, signed, name);
  const wanted: StoredFirmware = {
    signed,
    ...(request.url !== undefined && { url: request.url }),
    addedAt: record?.firmware.addedAt ?? new Date(request.now).toISOString(),
  };
  const isSame = record !== undefined && sameRelease(record.firmware, wanted);
  const isFileMissing = await bringFile(stores.artifacts, request, name);
  if (isSame && !isFileMissing) return { ...wanted, verifiedBy, result: 'unchanged' };
  if (request.dryRun) return { ...wanted, verifiedBy, result: 'planned' };
  if (isSame) return { ...wanted, verifiedBy, result: 'added' };
  try {
    await stores.records.write(releaseRecord(signed.manifest), releaseValue(wanted), {
      etag: record?.etag ?? 'none',
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (!isFailure(error, 'changed-meanwhile')) throw error;
    // Somebody added it at the same moment; what they added decides.
    const there = await readReleaseRecord(stores.records, signed.manifest, signal);
    if (there === undefined) throw error;
    refuseAnother(there.firmware, signed, name);
    if (!sameRelease(there.firmware, wanted)) throw error;
    return { ...there.firmware, verifiedBy, result: 'unchanged' };
  }
  return { ...wanted, verifiedBy, result: record === undefined ? 'added' : 'replaced' };
}

async function verify(
  { records }: FirmwareStores,
  { signed, trust, signal }: AddFirmwareRequest,
  name: string,
): Promise<AddedFirmware['verifiedBy']> {
  const chain = trust === undefined ? await readTrustChain(records, signal) : [];
  const keys = trust ?? chain.at(-1)?.trust;
  if (keys === undefined) return 'nobody';
  const failure = failureOf(verifyFirmware(signed as unknown as JsonObject, keys), name);
  if (failure !== undefined) throw failure;
  return trust === undefined ? 'hub' : 'given';
}

/** Whether the file was not where devices fetch it from; then it is there now, except in a dry run. */
async function bringFile(artifacts: ArtifactStore, request: AddFirmwareRequest, name: string): Promise<boolean> {
  const { signed, file, url, signal, onMeasured, onSent } = request;
  const { sha256, size } = signed.manifest;
  if (file === undefined) {
    if (url !== undefined || (await artifacts.find(sha256, signal)) !== undefined) return false;
    throw new Failure('usage', `the hub does not keep the file of ${name}`, { hint: 'add --file FILE, or --url URL' });
  }
  await using measured = await measureFile(file, {
    signal,
    ...(onMeasured !== undefined && { onProgress: onMeasured }),
  });
  const failure = failureOf(verifyFile(signed.manifest, measured), `${file} is not ${name}`);
  if (failure !== undefined) throw failure;
  if (url !== undefined || (await artifacts.find(sha256, signal)) !== undefined) return false;
  if (request.dryRun) return true;
  await artifacts.put({ sha256, size }, () => measured.content(), {
    ...(signal !== undefined && { signal }),
    ...(onSent !== undefined && { onProgress: onSent }),
  });
  return true;
}

async function findHigherCounters(
  { records }: FirmwareStores,
  { signed: { manifest }, signal }: AddFirmwareRequest,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { signed } of listFirmware(records, { signal, name: manifest.name })) {
    const other = signed.manifest;
    if (other.releaseCounter > manifest.releaseCounter && lt(other.version, manifest.version))
      found.push(manifestName(other));
  }
  return found;
}

function refuseAnother(there: StoredFirmware, { manifest }: SignedManifest, name: string): void {
  if (
    canonicalJson(there.signed.manifest as unknown as JsonObject) === canonicalJson(manifest as unknown as JsonObject)
  )
    return;
  throw new Failure(
    'conflict',
    `the hub has another ${name} already: ${differences(there.signed.manifest, manifest)}`,
    {
      hint: 'a release never changes: give it a version of its own',
      details: { there: there.signed.manifest, given: manifest },
    },
  );
}

/** Names of the members that differ. */
function differences(there: object, given: object): string {
  const [left, right] = [valuesOf(there), valuesOf(given)];
  const names = [...new Set([...left.keys(), ...right.keys()])].filter((each) => left.get(each) !== right.get(each));
  return `${names.join(', ')} ${names.length === 1 ? 'differs' : 'differ'}`;
}

function valuesOf(document: object): ReadonlyMap<string, string> {
  return new Map(Object.entries(document).map(([member, value]) => [member, JSON.stringify(value)]));
}

function sameRelease(there: StoredFirmware, wanted: StoredFirmware): boolean {
  const { keyId, signature } = there.signed;
  return keyId === wanted.signed.keyId && signature === wanted.signed.signature && there.url === wanted.url;
}
