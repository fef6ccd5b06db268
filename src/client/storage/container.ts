/** Requests to a container, with the client's own retries: only whoever counts the tries knows whether an answer was lost. */
import type { ContainerClient } from '@azure/storage-blob';
import { Failure, isFailure, type FailureCode } from '../../errors/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import { wasNeverSent } from '../http/network-failure.ts';
import { retryDelay } from '../http/retry.ts';
import type { StorageSettings } from './settings.ts';

export interface StorageDependencies {
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly userAgent?: string | undefined;
}

export interface Attempted<Result> {
  readonly result: Result;
  /** An earlier try got no answer, so that the work may have been done by it. */
  readonly afterLostReply: boolean;
}

export interface Container extends StorageSettings {
  readonly client: ContainerClient;
  readonly clock: Clock;
  /**
   * Does the work, again after failures that may pass. Failures: not-found, changed-meanwhile, not-authorised, disk-full, throttled,
   * hub-unreachable, hub-failed, refused; `afterLostReply` is in the details of one that followed a lost answer.
   */
  readonly attempt: <Result>(
    action: string,
    work: () => Promise<Result>,
    signal: AbortSignal | undefined,
  ) => Promise<Attempted<Result>>;
}

/** Loads the package; nothing is sent yet. */
export async function openContainer(settings: StorageSettings, dependencies: StorageDependencies): Promise<Container> {
  const { AnonymousCredential, ContainerClient: Client } = await import('@azure/storage-blob');
  const { clock, random, userAgent } = dependencies;
  const client = new Client(settings.url.href, new AnonymousCredential(), {
    retryOptions: { maxTries: 1 },
    userAgentOptions: { userAgentPrefix: userAgent ?? 'iotctl' },
  });
  let answered = false;
  return {
    ...settings,
    client,
    clock,
    async attempt(action, work, signal) {
      const begun = clock.monotonic();
      let afterLostReply = false;
      for (let tries = 1; ; tries++) {
        try {
          const result = await work();
          return { result, afterLostReply };
        } catch (error) {
          signal?.throwIfAborted();
          if (isFailure(error)) throw error;
          const { status } = factsOf(error);
          answered ||= status !== undefined;
          const neverSent = status === undefined && wasNeverSent(causeOf(error));
          const delay = retryDelay(
            status === undefined ? { kind: 'network', neverSent } : { kind: 'status', status, retryAfterMs: undefined },
            {
              tries,
              elapsedMs: clock.monotonic() - begun,
              repeatability: 'idempotent',
              answeredBefore: answered,
              random: random(),
            },
          );
          if (delay === undefined) throw failureOf(error, action, settings.url.host, afterLostReply);
          afterLostReply ||= status === undefined ? !neverSent : status >= 500 && status !== 503;
          await sleep(clock, delay, signal);
        }
      }
    },
  };
}

const byCode: Readonly<Record<string, FailureCode>> = {
  BlobAlreadyExists: 'changed-meanwhile',
  ConditionNotMet: 'changed-meanwhile',
  InsufficientStorage: 'disk-full',
};

const byStatus: Readonly<Record<number, FailureCode>> = {
  401: 'not-authorised',
  403: 'not-authorised',
  404: 'not-found',
  409: 'conflict',
  412: 'changed-meanwhile',
  429: 'throttled',
  503: 'throttled',
  507: 'disk-full',
};

/** In our words alone: those of the package may quote the address with its signature. */
function failureOf(error: unknown, action: string, host: string, afterLostReply: boolean): Failure {
  const { status, code } = factsOf(error);
  const details = {
    ...(status !== undefined && { status }),
    ...(code !== '' && { storageError: code }),
    ...(afterLostReply && { afterLostReply }),
  };
  if (status === undefined)
    return new Failure('hub-unreachable', `cannot ${action}: the storage at ${host} cannot be reached`, {
      details,
      retryable: true,
    });
  const failure = byCode[code] ?? byStatus[status] ?? (status >= 500 ? 'hub-failed' : 'refused');
  const why =
    failure === 'not-authorised'
      ? 'refused the signature, or it does not allow this'
      : `answered ${status} ${code}`.trim();
  return new Failure(failure, `cannot ${action}: the storage at ${host} ${why}`, {
    details,
    ...(failure === 'not-authorised' && { hint: 'check that IOTCTL_STORAGE_URL has not expired and allows rcwdl' }),
    retryable: status >= 500,
  });
}

function factsOf(error: unknown): { readonly status: number | undefined; readonly code: string } {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { status: typeof status === 'number' ? status : undefined, code: /^\w{1,80}$/.test(code) ? code : '' };
}

/** The system's error is the cause in some versions, and its code is copied in others. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
