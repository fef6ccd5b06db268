import type {
  AddedFirmware,
  FirmwareCheck,
  MadeKeys,
  ShownFirmware,
  StoredFirmware,
} from '../../fleet/firmware/index.ts';
import type { Manifest, SignedManifest } from '../../protocol/firmware/index.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';
import { sizeText } from './size-text.ts';
import { whenText } from './when-text.ts';

/** Releases of a hub; how long they are there counts from `now`, Unix milliseconds. */
export function firmwareListView(now: number): ListView<StoredFirmware> {
  return {
    columns: [
      { header: 'FIRMWARE', value: ({ signed }) => nameOf(signed.manifest), tone: () => 'accent' },
      { header: 'HARDWARE', value: ({ signed }) => signed.manifest.hardware.join(', ') },
      { header: 'SIZE', value: ({ signed }) => sizeText(signed.manifest.size), align: 'right' },
      { header: 'COUNTER', value: ({ signed }) => signed.manifest.releaseCounter, align: 'right' },
      { header: 'FROM', value: ({ signed }) => signed.manifest.minVersion },
      { header: 'ADDED', value: ({ addedAt }) => whenText(addedAt, now), align: 'right' },
      { header: 'SHA-256', value: ({ signed }) => signed.manifest.sha256, wide: true, whole: true },
      { header: 'KEY', value: ({ signed }) => signed.keyId, wide: true },
      { header: 'FILE', value: ({ url }) => url ?? 'at the hub', wide: true },
    ],
    json: releaseJson,
    name: ({ signed }) => nameOf(signed.manifest),
    empty: 'the hub has no firmware; iotctl firmware add MANIFEST --file FILE',
  };
}

const verdictTones: Readonly<Record<ShownFirmware['signatureVerdict'], Tone>> = {
  trusted: 'good',
  'not trusted': 'bad',
  unknown: 'dim',
};

export const firmwareView: DocumentView<ShownFirmware> = {
  fields: ({ signed, url, stored, signatureVerdict, addedAt }) => [
    ['Firmware', nameOf(signed.manifest), 'accent'],
    ...manifestFields(signed.manifest),
    ['Signed by', `the key ${signed.keyId}`],
    ['Signature', signatureVerdict, verdictTones[signatureVerdict]],
    ['File', url ?? (stored ? 'at the hub' : 'missing'), url === undefined && !stored ? 'bad' : 'plain'],
    ['Added', addedAt],
  ],
  json: (firmware) => ({
    ...releaseJson(firmware),
    stored: firmware.stored,
    signatureVerdict: firmware.signatureVerdict,
  }),
  name: ({ signed }) => nameOf(signed.manifest),
};

export const addedView: DocumentView<AddedFirmware> = {
  fields: ({ signed, url, result, verifiedBy }) => [
    ['Firmware', nameOf(signed.manifest), 'accent'],
    ['Result', result, result === 'unchanged' ? 'dim' : 'good'],
    ['SHA-256', signed.manifest.sha256],
    ['Size', sizeText(signed.manifest.size)],
    ['File', url ?? 'at the hub'],
    [
      'Signature',
      { given: 'by a given key', hub: 'by a key that the hub knows', nobody: 'not verified' }[verifiedBy],
      verifiedBy === 'nobody' ? 'warn' : 'good',
    ],
  ],
  json: (added) => ({
    ...releaseJson(added),
    result: added.result,
    verifiedBy: added.verifiedBy,
    refusedAfter: added.refusedAfter,
  }),
  name: ({ signed }) => nameOf(signed.manifest),
};

/** A manifest that was signed, and the file that it went to. */
export const signedView: DocumentView<{ readonly file: string; readonly signed: SignedManifest }> = {
  fields: ({ file, signed }) => [
    ['Manifest', file, 'accent'],
    ['Firmware', nameOf(signed.manifest)],
    ...manifestFields(signed.manifest),
    ['Signed by', `the key ${signed.keyId}`],
  ],
  json: ({ file, signed }) => ({ file, ...signed }),
  name: ({ file }) => file,
};

export const madeKeysView: DocumentView<MadeKeys> = {
  fields: ({ keyId, privateKeyFile, publicKeyFile, trustFile, encrypted }) => [
    ['Key', keyId, 'accent'],
    ['Private key', `${privateKeyFile}${encrypted ? ', encrypted' : ''}`],
    ['Public key', publicKeyFile],
    ['Trust', trustFile],
  ],
  json: (made) => made,
  name: ({ keyId }) => keyId,
};

const checkTones: Readonly<Record<FirmwareCheck['verdict'], Tone>> = { ok: 'good', failed: 'bad', skipped: 'dim' };

export const firmwareCheckView: ListView<FirmwareCheck> = {
  columns: [
    { header: 'CHECK', value: ({ check }) => check, tone: () => 'accent' },
    { header: 'VERDICT', value: ({ verdict }) => verdict, tone: ({ verdict }) => checkTones[verdict] },
    { header: 'CODE', value: ({ code }) => code },
    { header: 'DETAIL', value: ({ detail }) => detail },
  ],
  json: (check) => check,
  name: ({ check }) => check,
};

/** A set of keys, with what has become of each. */
export interface ShownKeys {
  readonly version: number;
  readonly keys: readonly {
    readonly keyId: string;
    readonly publicKey: string;
    readonly is: 'kept' | 'added' | 'retired';
  }[];
  /** Where the signed set is; absent in a dry run. */
  readonly file?: string;
  readonly hub: 'published' | 'unchanged' | 'planned' | 'not told';
}

export const keysView: DocumentView<ShownKeys> = {
  fields: ({ version, keys, file, hub }) => [
    ['Version', version, 'accent'],
    ...keys.map(({ keyId, is }) => ['Key', `${keyId}, ${is}`, is === 'retired' ? 'warn' : 'plain'] as const),
    ['File', file],
    ['Hub', hub, hub === 'published' ? 'good' : 'plain'],
  ],
  json: (shown) => shown,
  name: ({ version }) => String(version),
};

function manifestFields(manifest: Manifest): readonly (readonly [string, unknown])[] {
  return [
    ['Hardware', manifest.hardware.join(', ')],
    ['Size', `${manifest.size} bytes`],
    ['SHA-256', manifest.sha256],
    ['Release counter', manifest.releaseCounter],
    ['Upgrades from', manifest.minVersion ?? 'any version'],
    ['Created', manifest.createdAt],
  ];
}

/** The members of a signed manifest stand as its file has them, so that the output is one for `firmware verify`. */
function releaseJson({ signed, url, addedAt }: StoredFirmware): object {
  return { ...signed, url: url ?? null, addedAt };
}

function nameOf({ name, version }: Manifest): string {
  return `${name}@${version}`;
}
