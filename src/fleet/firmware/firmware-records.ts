/** Where a hub keeps what it knows about firmware: a record per release, and one with the keys that are trusted. */
import { z } from 'zod';
import type { RecordStore, StoredRecord } from '../../client/records.ts';
import { Failure } from '../../errors/index.ts';
import {
  keyIdSchema,
  manifestSchema,
  signatureSchema,
  signedTrustSchema,
  timeSchema,
  type SignedManifest,
  type SignedTrust,
} from '../../protocol/firmware/index.ts';
import type { JsonObject } from '../../std/json.ts';

/** The record of one release, `firmware/NAME/VERSION`. It never changes: another content is another version. */
const releaseSchema = z.strictObject({
  format: z.literal(1),
  manifest: manifestSchema,
  keyId: keyIdSchema,
  signature: signatureSchema,
  /** Where the file is, when the hub does not keep it. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(4_000)
    .optional(),
  addedAt: timeSchema,
});

/** A release as the hub keeps it. */
export interface StoredFirmware {
  readonly signed: SignedManifest;
  /** Where the file is, when the hub does not keep it. */
  readonly url?: string;
  /** ISO 8601. */
  readonly addedAt: string;
}

const trustRecordSchema = z.strictObject({ format: z.literal(1), chain: z.array(signedTrustSchema).min(1) });

/** Sets of keys, oldest first. */
export const trustRecord = 'firmware/trust';

const releasePrefix = 'firmware/';

export function releaseRecord({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${releasePrefix}${name}/${version}`;
}

/** Failures: firmware-not-found, data-unusable, and those of any request. */
export async function readFirmware(
  records: Pick<RecordStore, 'read'>,
  name: string,
  version: string,
  signal?: AbortSignal,
): Promise<StoredFirmware> {
  const record = await readReleaseRecord(records, { name, version }, signal);
  if (record === undefined) throw new Failure('firmware-not-found', `there is no firmware ${name}@${version}`);
  return record.firmware;
}

/** The same with the etag of the record, for who changes it; undefined where there is none. */
export async function readReleaseRecord(
  records: Pick<RecordStore, 'read'>,
  release: { readonly name: string; readonly version: string },
  signal?: AbortSignal,
): Promise<{ readonly firmware: StoredFirmware; readonly etag: string } | undefined> {
  const record = await records.read(releaseRecord(release), signal);
  return record === undefined ? undefined : { firmware: parseRelease(record), etag: record.etag };
}

/**
 * Every release, in the order of record names. Records that are not understood, such as those of a newer iotctl, are told to
 * `onUnreadable` and left out.
 */
export async function* listFirmware(
  records: Pick<RecordStore, 'list'>,
  options: {
    /** Of this name alone. */
    readonly name?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onUnreadable?: (failure: Failure) => void;
  } = {},
): AsyncGenerator<StoredFirmware, void, undefined> {
  const prefix = options.name === undefined ? releasePrefix : `${releasePrefix}${options.name}/`;
  for await (const record of records.list(prefix, options.signal)) {
    if (!isReleaseRecord(record.name)) continue;
    let firmware: StoredFirmware;
    try {
      firmware = parseRelease(record);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      options.onUnreadable?.(error);
      continue;
    }
    yield firmware;
  }
}

/**
 * The release of a file, such as what a device ran before; of several with the same file the one with the highest release counter,
 * because a device refuses lower ones. undefined when the hub knows none.
 */
export async function findFirmwareByDigest(
  records: Pick<RecordStore, 'list'>,
  sha256: string,
  signal?: AbortSignal,
): Promise<StoredFirmware | undefined> {
  let found: StoredFirmware | undefined;
  for await (const each of listFirmware(records, { signal })) {
    const { manifest } = each.signed;
    if (manifest.sha256 !== sha256) continue;
    if (found === undefined || manifest.releaseCounter > found.signed.manifest.releaseCounter) found = each;
  }
  return found;
}

/** The sets of keys that offers carry, oldest first; empty when the keys were never rotated. Failure: data-unusable. */
export async function readTrustChain(
  records: Pick<RecordStore, 'read'>,
  signal?: AbortSignal,
): Promise<readonly SignedTrust[]> {
  return (await readTrustRecord(records, signal)).chain;
}

/** The same with the etag of the record, for who changes it. */
export async function readTrustRecord(
  records: Pick<RecordStore, 'read'>,
  signal?: AbortSignal,
): Promise<{ readonly chain: readonly SignedTrust[]; readonly etag?: string }> {
  const record = await records.read(trustRecord, signal);
  if (record === undefined) return { chain: [] };
  const parsed = trustRecordSchema.safeParse(record.value);
  if (!parsed.success) throw unusable(record.name);
  return { chain: parsed.data.chain, etag: record.etag };
}

/** The value of {@link trustRecord}. */
export function trustValue(chain: readonly SignedTrust[]): JsonObject {
  return { format: 1, chain } as unknown as JsonObject;
}

/** The value of a release's record. */
export function releaseValue({ signed, url, addedAt }: StoredFirmware): JsonObject {
  return { format: 1, ...signed, ...(url !== undefined && { url }), addedAt } as unknown as JsonObject;
}

function parseRelease({ name, value }: StoredRecord): StoredFirmware {
  const parsed = releaseSchema.safeParse(value);
  if (!parsed.success || releaseRecord(parsed.data.manifest) !== name) throw unusable(name);
  const { manifest, keyId, signature, url, addedAt } = parsed.data;
  return { signed: { manifest, keyId, signature }, ...(url !== undefined && { url }), addedAt };
}

/** `firmware/trust` and what other programs may keep there are no releases. */
function isReleaseRecord(name: string): boolean {
  return name.slice(releasePrefix.length).split('/').length === 2;
}

function unusable(name: string): Failure {
  return new Failure('data-unusable', `the record ${name} of the hub is damaged, or of a newer version of iotctl`, {
    hint: 'update iotctl',
  });
}
