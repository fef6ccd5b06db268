import { Failure } from '../../errors/index.ts';
import {
  checkSignature,
  type FailureReportCode,
  type Manifest,
  type RejectionCode,
  type Trust,
} from '../../protocol/firmware/index.ts';
import type { JsonObject } from '../../std/json.ts';

/** One thing that a device checks too. `code` is the word by which it would refuse. */
export interface FirmwareCheck {
  readonly check: 'manifest' | 'signature' | 'size' | 'digest';
  readonly verdict: 'ok' | 'failed' | 'skipped';
  readonly code?: RejectionCode | FailureReportCode;
  readonly detail: string;
}

/** Checks a signed manifest, and the file where one was measured, in the order in which a device does. */
export function verifyFirmware(
  document: JsonObject,
  trust: Pick<Trust, 'keys'>,
  file?: { readonly size: number; readonly sha256: string },
): readonly FirmwareCheck[] {
  const verdict = checkSignature(document, trust);
  if (verdict.kind === 'rejected') {
    const { code, message } = verdict;
    const failed = { verdict: 'failed', code, detail: message } as const;
    const rest = skipped(file === undefined ? [] : ['size', 'digest'], 'the manifest is not trusted');
    if (code === 'manifest-invalid')
      return [{ check: 'manifest', ...failed }, ...skipped(['signature'], 'there is no manifest'), ...rest];
    return [{ check: 'manifest', verdict: 'ok', detail: 'well-formed' }, { check: 'signature', ...failed }, ...rest];
  }
  const { manifest, keyId } = verdict;
  return [
    { check: 'manifest', verdict: 'ok', detail: `${manifest.name}@${manifest.version}` },
    { check: 'signature', verdict: 'ok', detail: `by the key ${keyId}` },
    ...(file === undefined ? [] : verifyFile(manifest, file)),
  ];
}

/** Whether a file is the one that a manifest describes. */
export function verifyFile(
  manifest: Manifest,
  file: { readonly size: number; readonly sha256: string },
): FirmwareCheck[] {
  if (file.size !== manifest.size)
    return [
      {
        check: 'size',
        verdict: 'failed',
        code: 'size-mismatch',
        detail: `the file has ${file.size} bytes, the manifest says ${manifest.size}`,
      },
      ...skipped(['digest'], 'the size is another'),
    ];
  const size: FirmwareCheck = { check: 'size', verdict: 'ok', detail: `${file.size} bytes` };
  return file.sha256 === manifest.sha256
    ? [size, { check: 'digest', verdict: 'ok', detail: file.sha256 }]
    : [
        size,
        {
          check: 'digest',
          verdict: 'failed',
          code: 'digest-mismatch',
          detail: `the file has the SHA-256 ${file.sha256}, the manifest says ${manifest.sha256}`,
        },
      ];
}

function skipped(checks: readonly FirmwareCheck['check'][], detail: string): FirmwareCheck[] {
  return checks.map((check) => ({ check, verdict: 'skipped', detail }));
}

/** The failure of the first check that did not pass; undefined when all did. */
export function failureOf(checks: readonly FirmwareCheck[], what: string): Failure | undefined {
  const failed = checks.find(({ verdict }) => verdict === 'failed');
  if (failed === undefined) return undefined;
  return new Failure('check-failed', `${what}: ${failed.detail} (${failed.code ?? failed.check})`, {
    hint: hints[failed.check],
    details: { check: failed.check, code: failed.code },
  });
}

const hints: Readonly<Record<FirmwareCheck['check'], string>> = {
  manifest: 'sign the file anew: iotctl firmware sign',
  signature: 'give the keys that devices trust with --trust FILE, or sign the file with one of those',
  size: 'sign the file that is to be installed: iotctl firmware sign',
  digest: 'sign the file that is to be installed: iotctl firmware sign',
};
