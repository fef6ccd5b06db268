import { isAbsolute, resolve } from 'node:path';
import type { FirmwareOptions } from '../../device/index.ts';
import { Failure } from '../../errors/index.ts';
import type { Trust } from '../../protocol/firmware/index.ts';
import { readTrustText } from '../firmware/index.ts';
import { readBeside } from '../read-beside.ts';

/** What an operator says about a machine's firmware, as typed. */
export interface FirmwareRequest {
  readonly directory: string;
  /** Of the user that runs the agent. */
  readonly uid: number | undefined;
  readonly image: string | undefined;
  readonly version: string | undefined;
  readonly hardware: string | undefined;
  readonly trustFile: string | undefined;
  readonly activate: string | undefined;
  readonly rate: string | undefined;
}

/** Failures: `invalid-value` for a rate or a program, `invalid-input` and `file-not-found` for the keys. */
export async function readFirmwareOptions(request: FirmwareRequest): Promise<FirmwareOptions> {
  const { directory, uid, image, version, hardware, trustFile, activate, rate } = request;
  if (activate !== undefined && !isAbsolute(activate))
    throw new Failure('invalid-value', `--firmware-activate must be an absolute path, not "${activate}"`);
  return {
    directory: resolve(directory),
    first: { uid, image, version, hardware, trust: await readTrustFile(trustFile) },
    activate,
    bytesPerSecond: rate === undefined ? undefined : parseRate(rate),
  };
}

async function readTrustFile(file: string | undefined): Promise<Trust | undefined> {
  return file === undefined ? undefined : readTrustText(await readBeside(file, '.'), file).trust;
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000, g: 1_000_000_000 };
const slowest = 1_000;

/** Bytes per second of a text such as `500k`, `1.5M` or `64000`. Failure: `invalid-value`. */
export function parseRate(text: string): number {
  const [, number, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)([kmg]?)$/i.exec(text) ?? [];
  const rate = Number(number) * (units[unit.toLowerCase()] ?? Number.NaN);
  if (rate >= slowest) return rate;
  throw new Failure('invalid-value', `"${text}" is no rate of at least 1k bytes per second, such as 500k or 2M`);
}
