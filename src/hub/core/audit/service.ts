/** Who did what to the hub, from where, when, and what became of it. */
import type { AuditEvent, AuditPage } from '../../../protocol/audit.ts';
import type { JsonObject } from '../../../std/json.ts';

/** Somebody and where they are, as far as it was proved. */
export interface Caller {
  /** `policy iothubowner`, `device pump-1`. */
  readonly source: string;
  /** Address without a port; undefined where there is none. */
  readonly address?: string | undefined;
}

/** Something that is noted on its own. */
export interface Happening extends Caller {
  readonly event: AuditEvent;
  readonly result: 'accepted' | 'refused' | 'noticed';
  readonly targets?: readonly string[] | undefined;
  readonly details?: JsonObject | undefined;
}

/** An operation of a caller: while its work runs, what it writes is noted with it, in the same transaction. */
export interface Operation {
  /** Its answer is given: what goes on in the background is no longer the caller's doing. */
  end(): void;
}

export interface AuditService {
  /** Runs work as an operation of a caller; what it writes of the kind the event covers is noted in the write's transaction. */
  run<Result>(caller: Caller, event: AuditEvent, work: (operation: Operation) => Result): Result;
  /**
   * Notes before something happens, and rejects when that cannot be stored, so that it must not happen then. The like of it from the
   * same caller within the next minute is counted, and noted together when the minute is over.
   */
  demand(happening: Happening): Promise<void>;
  /** As {@link AuditService.demand}, for what has happened already: nobody waits, and a failure is told in the log. */
  tell(happening: Happening): void;
  read(page: { readonly after: number; readonly limit: number }): Promise<AuditPage>;
  /** Notes what was only counted so far. */
  close(): Promise<void>;
}
