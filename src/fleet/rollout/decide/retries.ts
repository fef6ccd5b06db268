import type { Mark } from '../model/observed.ts';
import type { Policy } from '../model/spec.ts';

/** What has to change before another attempt can do better, and how much longer than the policy's backoff that takes. */
const classes = { transfer: 1, device: 4, busy: 10 } as const;

const classOfCode: Readonly<Record<string, keyof typeof classes>> = {
  'download-failed': 'transfer',
  stalled: 'transfer',
  'size-mismatch': 'transfer',
  'digest-mismatch': 'transfer',
  'storage-failed': 'device',
  'install-failed': 'device',
  'too-many-deferrals': 'busy',
};

/** A device that says what is not so, or cannot stand on the new firmware, does no better the next time. */
const final: ReadonlySet<string> = new Set(['digest-differs', 'not-rebooted', 'unstable']);

const longestBackoffMs = 86_400_000;

/** Whether a failure may be over with another attempt; `failures` counts this one. Codes that are not known are retried. */
export function mayRetry(code: string | undefined, failures: number, { retries }: Pick<Policy, 'retries'>): boolean {
  return failures <= retries.limit && (code === undefined || !final.has(code));
}

/**
 * When a failed device is offered its next attempt, Unix milliseconds: the backoff of the kind of failure, growing with each failure,
 * and up to a quarter more or less by the device, so that those that failed together do not come back together.
 */
export function retryAt(deviceId: string, mark: Mark, { retries }: Pick<Policy, 'retries'>): number {
  const failures = Math.max(1, mark.failures ?? 1);
  const factor = classes[classOfCode[mark.code ?? ''] ?? 'device'];
  const backoff = Math.min(longestBackoffMs, retries.backoff * 1_000 * factor * retries.factor ** (failures - 1));
  const jitter = 0.75 + 0.5 * share(`${deviceId}\n${mark.attempt}`);
  return timeOf(mark.decidedAt) + Math.round(backoff * jitter);
}

/** Failed attempts with this one; what the hub has spoilt is not the device's. */
export function failuresAfter({ failures = 0 }: Mark, code: string | undefined, isHubAtFault: boolean): number {
  return isHubAtFault && classOfCode[code ?? ''] === 'transfer' ? failures : failures + 1;
}

/** When the penalty of a device ends that has failed once more; undefined when it has not failed often enough. */
export function penaltyEnd(failures: number, now: number, { penalty }: Pick<Policy, 'penalty'>): string | undefined {
  return failures >= penalty.attempts ? new Date(now + penalty.for * 1_000).toISOString() : undefined;
}

/** Unix milliseconds; 0 for none. */
export function timeOf(text: string | undefined): number {
  return text === undefined ? 0 : Date.parse(text) || 0;
}

/** A number from 0 to 1 that is always the same for a text. FNV-1a. */
function share(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) / 0x1_0000_0000;
}
