import { deviceIdProblem } from '../../protocol/device-id.ts';
import { Failure } from '../../errors/index.ts';
import type { DeviceRow } from './row.ts';

export interface Numbering {
  readonly prefix: string;
  readonly count: number;
  readonly start: number;
  /** Digits to pad to; longer numbers stay whole, so that a later, larger run names the first devices the same. */
  readonly digits: number;
}

/** Rows `pump-001`, `pump-002`, … always the same for the same numbering: a second run finds the devices of the first. */
export function* numberedRows(
  numbering: Numbering,
  properties: Pick<DeviceRow, 'certificate' | 'tags' | 'desired'>,
): Generator<DeviceRow, void, undefined> {
  const { prefix, count, start, digits } = numbering;
  for (let number = start; number < start + count; number++) {
    yield { kind: 'device', deviceId: prefix + String(number).padStart(digits, '0'), ...properties };
  }
}

/** Rows for ids that were typed, each once. Failure: invalid-value. */
export function namedRows(
  ids: Iterable<string>,
  properties: Pick<DeviceRow, 'key' | 'certificate' | 'tags' | 'desired'>,
): DeviceRow[] {
  return [...new Set(ids)].map((deviceId) => {
    const problem = deviceIdProblem(deviceId);
    if (problem !== undefined) throw new Failure('invalid-value', `"${deviceId}" cannot be a device id: ${problem}`);
    return { kind: 'device', deviceId, ...properties };
  });
}
