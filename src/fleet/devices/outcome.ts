import { toFailure, type FailureCode } from '../../errors/index.ts';

/** What became of one of many devices. */
export interface DeviceOutcome {
  readonly deviceId: string;
  /** `unchanged` when it was so already, `planned` in a dry run. */
  readonly result: 'changed' | 'unchanged' | 'planned' | 'failed';
  readonly error?: { readonly code: FailureCode; readonly message: string };
  /** The command that helps; for the failure of a single device. */
  readonly hint?: string | undefined;
}

/** Runs the work for one device; a failure becomes its outcome. An abort is not the device's failure and is thrown. */
export async function outcomeOf(
  deviceId: string,
  work: () => Promise<'changed' | 'unchanged'>,
  signal: AbortSignal | undefined,
): Promise<DeviceOutcome> {
  try {
    return { deviceId, result: await work() };
  } catch (error) {
    if (signal?.aborted === true)
      return { deviceId, result: 'failed', error: { code: 'interrupted', message: 'stopped before it was done' } };
    const { code, message, hint } = toFailure(error);
    return { deviceId, result: 'failed', error: { code, message }, hint };
  }
}
