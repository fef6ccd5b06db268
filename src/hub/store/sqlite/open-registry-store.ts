import { open } from 'node:fs/promises';
import { Failure, type FailureCode } from '../../../errors/index.ts';
import type { Clock } from '../../../std/clock.ts';
import type { RegistryStore, WriteAuditor } from '../../core/ports.ts';
import { silentLog, type HubLog } from '../../log.ts';
import type { PartHealth } from '../health.ts';
import { requireSoundJournal } from '../journal-file.ts';
import { createReaders, type Readers } from './readers.ts';

export interface RegistryStoreOptions {
  /** The file, made with mode 0600 when it is missing; its directory must exist. `:memory:` for none. */
  readonly file: string;
  readonly log?: HubLog | undefined;
  /** How long to wait for another process that holds the file, in milliseconds. */
  readonly busyTimeout?: number | undefined;
  /** The file stops growing here, and writes then fail as on a full disk. */
  readonly maxBytes?: number | undefined;
  /** With fewer devices and modules than this, what queries compare with values is not indexed; 1,000 when absent. */
  readonly indexFrom?: number | undefined;
  /** How long one page of a query may take, in milliseconds; 30,000 when absent. */
  readonly queryLimitMs?: number | undefined;
  /** A query that takes longer than this runs on a thread that only reads, and so does what comes while there is one; 5 when absent. */
  readonly ownerLimitMs?: number | undefined;
  /** For letting threads go that nothing asks any more; without it they stay until the close. */
  readonly clock?: Clock | undefined;
  /** Asked at every write what the audit is to be told of it; without it the audit is told of none. */
  readonly auditor?: WriteAuditor | undefined;
  /** Told after every commit whether it reached the disk. */
  readonly health?: PartHealth | undefined;
  /** Told after every commit how many writes shared it. */
  readonly onCommit?: ((writes: number) => void) | undefined;
}

/** What the database thread says when it cannot open a file, and what that is for the user. */
const openFailures: Readonly<Record<string, FailureCode>> = {
  TooOld: 'runtime-too-old',
  ForeignFile: 'data-unusable',
  DamagedFile: 'data-unusable',
  NewerFile: 'data-unusable',
  EBUSY: 'hub-running',
};

/**
 * Opens the registry of devices and twins in a SQLite file, in a thread of its own.
 *
 * Failures: runtime-too-old (SQLite without the fix that two writers need), data-unusable (a damaged file, one of another
 * program, or one of a newer version; it is left as it is), hub-running (another process holds it), and the system's own.
 * Later, a write that fails rejects with an Error whose `code` is the system's (`ENOSPC`, `EIO`); nothing of it is applied, and
 * the store goes on when the cause is gone. `devices.jobs` answers no rows: jobs are documents.
 */
export async function openRegistryStore(options: RegistryStoreOptions): Promise<RegistryStore> {
  const {
    file,
    log = silentLog,
    busyTimeout = 5_000,
    maxBytes,
    indexFrom = 1_000,
    queryLimitMs = 30_000,
    ownerLimitMs = 5,
    auditor,
    health,
    onCommit = () => undefined,
  } = options;
  if (file !== ':memory:') {
    await createPrivately(file);
    await requireSoundJournal(file);
  }
  const { DatabaseClient } = await import('./thread/client.ts');
  const client = new DatabaseClient((error) =>
    log.error({ file, reason: error.message }, 'the registry thread failed'),
  );
  try {
    // The thread starts while the rest is loaded, which only a hub needs.
    const [{ SqliteRegistryStore }, { sqliteVersion }] = await Promise.all([
      import('./registry-store.ts'),
      client.open({ file, busyTimeout, maxBytes }),
    ]);
    const readers = file === ':memory:' ? undefined : readersOf(file, { ...options, log, busyTimeout, queryLimitMs });
    const limits = { indexFrom, queryLimitMs, ownerLimitMs };
    const store = await SqliteRegistryStore.create(client, { ...limits, onCommit, readers, auditor, health });
    health?.tryWith(() => client.probe());
    log.debug({ file, sqliteVersion }, 'registry open');
    return store;
  } catch (error) {
    await client.terminate();
    throw toOpenFailure(file, error);
  }
}

type ReadersParts = {
  readonly [Name in 'log' | 'busyTimeout' | 'queryLimitMs']: NonNullable<RegistryStoreOptions[Name]>;
} & Pick<RegistryStoreOptions, 'clock'>;

function readersOf(file: string, { log, busyTimeout, queryLimitMs, clock }: ReadersParts): Readers {
  return createReaders({
    async start(onGone) {
      const { startReaderThread } = await import('./reader-thread.ts');
      return startReaderThread({
        file,
        busyTimeout,
        onGone(error) {
          log.error({ file, reason: error.message }, 'a thread that reads the registry failed');
          onGone(error);
        },
      });
    },
    clock,
    limitMs: queryLimitMs,
  });
}

/** SQLite would make the file readable for everyone; its journal files take over the mode. */
async function createPrivately(file: string): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  await handle.close();
}

function toOpenFailure(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const code = Object.hasOwn(openFailures, error.code) ? openFailures[error.code] : undefined;
  return code === undefined
    ? error
    : new Failure(code, `cannot open the registry ${file}: ${error.message}`, { cause: error });
}
