import { failures, type FailureCode, type FailureEntry } from './failures.ts';
import { describeSystemError } from './system-error.ts';

export interface FailureOptions {
  /** The command or action that helps here; wins over the table's. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Facts for `-o json` errors: device id, line number, tracking id. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** True when the same call may succeed later. */
  readonly retryable?: boolean | undefined;
}

/** The only error type that crosses a room's door towards the user. The message says what failed and why. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? this.entry.hint;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
  }

  get entry(): FailureEntry {
    return failures[this.code];
  }

  get exitCode(): number {
    return this.entry.exit;
  }
}

/** True for a {@link Failure}, optionally of one of the given codes. */
export function isFailure(error: unknown, ...codes: readonly FailureCode[]): error is Failure {
  return error instanceof Failure && (codes.length === 0 || codes.includes(error.code));
}

/**
 * Turns whatever was thrown into a Failure; system errors get their row, the rest is a bug. `path` is named where the system does
 * not say what its error is about.
 */
export function toFailure(error: unknown, path?: string): Failure {
  if (error instanceof Failure) return error;
  const code = systemCode(error);
  const message = error instanceof Error ? describeSystemError(error, path) : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Failure('disk-full', message, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new Failure('permission-denied', message, { cause: error });
  if (code === 'ENOENT') return new Failure('file-not-found', message, { cause: error });
  if (
    code === 'ECONNREFUSED' ||
    code === 'ENOTFOUND' ||
    code === 'ECONNRESET' ||
    code === 'ETIMEDOUT' ||
    code === 'EHOSTUNREACH'
  ) {
    return new Failure('hub-unreachable', message, { cause: error, retryable: true });
  }
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return new Failure('io', message, { cause: error });
  return new Failure('bug', message, { cause: error });
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
