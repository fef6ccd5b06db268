import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditEvent } from '../../../protocol/audit.ts';
import type { Clock } from '../../../std/clock.ts';
import type { AuditStore, WriteAuditor, WriteNote } from '../ports.ts';
import { createRetentionClock } from '../retention-clock.ts';
import { createCounted } from './counted.ts';
import { documentTargets, registryTargets, unaskedTargets } from './coverage.ts';
import type { AuditService, Caller } from './service.ts';

/** Whose work is running, and as what. */
interface Running {
  readonly caller: Caller;
  readonly event: AuditEvent;
  ended: boolean;
}

/** Operations and the writes they make: made before the store, which asks it, and given to the audit, which runs them. */
export interface Operations {
  readonly auditor: WriteAuditor;
  readonly run: AuditService['run'];
}

export function createOperations(clock: Clock): Operations {
  const running = new AsyncLocalStorage<Running>();

  function noteOf(
    { caller, event }: Pick<Running, 'caller' | 'event'>,
    changed: readonly string[] | undefined,
  ): WriteNote | undefined {
    if (changed === undefined) return undefined;
    const { source, address } = caller;
    return { note: { at: clock.now(), event, source, address, result: 'done', targets: [] }, changed };
  }

  return {
    run(caller, event, work) {
      const operation: Running = { caller, event, ended: false };
      return running.run(operation, work, {
        end() {
          operation.ended = true;
        },
      });
    },
    auditor: {
      registry(changes) {
        const operation = running.getStore();
        if (operation !== undefined && !operation.ended) {
          const asked = noteOf(operation, registryTargets(operation.event, changes));
          if (asked !== undefined) return asked;
        }
        return noteOf({ caller: { source: 'hub' }, event: 'identity.bulk' }, unaskedTargets(changes));
      },
      documents(changes) {
        const operation = running.getStore();
        if (operation === undefined || operation.ended) return undefined;
        return noteOf(operation, documentTargets(operation.event, changes));
      },
    },
  };
}

export interface AuditParts {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Those that the store asks; of its own when absent, which then notes nothing of writes. */
  readonly operations?: Operations | undefined;
  readonly retention?: { readonly maxAgeMs?: number | undefined; readonly maxBytes?: number | undefined } | undefined;
}

/** A year and a month, so that what happened before the last yearly look is there. */
const defaultMaxAgeMs = 400 * 86_400_000;
/** Some 200,000 entries. */
const defaultMaxBytes = 64 * 1024 * 1024;
const pruneEveryMs = 3_600_000;

/** The audit over its store. */
export function createAudit({ store, clock, onError, operations, retention = {} }: AuditParts): AuditService {
  const { run } = operations ?? createOperations(clock);
  const { maxAgeMs = defaultMaxAgeMs, maxBytes = defaultMaxBytes } = retention;
  const counted = createCounted({ clock, onError, write: (note) => store.append([note]) });
  const retentionNow = createRetentionClock(clock);
  let pruning: Promise<unknown> = Promise.resolve();
  let cancel: (() => void) | undefined;

  function prune(): void {
    pruning = store.prune({ before: retentionNow() - maxAgeMs, maxBytes, now: clock.now() }).catch(onError);
    cancel = clock.after(pruneEveryMs, prune, { unref: true });
  }
  prune();

  return {
    run,
    demand: (happening) => counted.add(happening),
    tell: (happening) => void counted.add(happening).catch(onError),
    async read({ after, limit }) {
      // First the ends: what is appended meanwhile stands behind them.
      const ends = await store.ends();
      return { ends, entries: await store.read({ after, limit }) };
    },
    async close() {
      cancel?.();
      await pruning;
      await counted.close().catch(onError);
    },
  };
}
