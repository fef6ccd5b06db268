import type { FailureCode } from '../../errors/index.ts';

/** The result of one check. */
export interface Check {
  readonly name:
    | 'configuration'
    | 'permissions'
    | 'hub'
    | 'reachability'
    | 'tls'
    | 'clock'
    | 'credentials'
    | 'services'
    | 'node'
    | 'sqlite';
  /** `skipped` when an earlier check made it impossible. */
  readonly verdict: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null;
  /** For a failed check: which failure the whole ends with. */
  readonly code?: FailureCode;
}

export function ok(name: Check['name'], detail: string): Check {
  return { name, verdict: 'ok', detail, remedy: null };
}

export function warning(name: Check['name'], detail: string, remedy: string): Check {
  return { name, verdict: 'warning', detail, remedy };
}

export function failed(name: Check['name'], detail: string, remedy: string, code: FailureCode = 'check-failed'): Check {
  return { name, verdict: 'failed', detail, remedy, code };
}

export function skipped(name: Check['name'], detail: string): Check {
  return { name, verdict: 'skipped', detail, remedy: null };
}
