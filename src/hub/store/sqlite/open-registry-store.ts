import { open } from 'node:fs/promises';
import { Failure, type FailureCode } from '../../../errors/index.ts';
import type { RegistryStore, WriteAuditor } from '../../core/ports.ts';
import { silentLog, type HubLog } from '../../log.ts';

export interface RegistryStoreOptions {
  /** The file, made with mode 0600 when it is missing; its directory must exist. `:memory:` for none. */
  readonly file: string;
  readonly log?: HubLog | undefined;
  /** How long to wait for another process that holds the file, in milliseconds. */
  readonly busyTimeout?: number | undefined;
  /** The file stops growing here, and writes then fail as on a full disk. */
  readonly maxBytes?: number | undefined;
  /** With fewer devices and modules than this, tags that queries compare with values are not indexed; 1,000 when absent. */
  readonly indexTagsFrom?: number | undefined;
  /** Asked at every write what the audit is to be told of it; without it the audit is told of none. */
  readonly auditor?: WriteAuditor | undefined;
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
    indexTagsFrom = 1_000,
    auditor,
    onCommit = () => undefined,
  } = options;
  if (file !== ':memory:') await createPrivately(file);
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
    const store = await SqliteRegistryStore.create(client, { onCommit, indexTagsFrom, auditor });
    log.debug({ file, sqliteVersion }, 'registry open');
    return store;
  } catch (error) {
    await client.terminate();
    throw toOpenFailure(file, error);
  }
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
