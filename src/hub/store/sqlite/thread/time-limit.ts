import { DatabaseError } from './errors.ts';

/** What a statement is ended with that took longer than it may. */
export const overdueCode = 'Overdue';

/** A thousand rows. */
const fewChecks = 64;

/** The SQL name of {@link TimeLimit.check}. */
export const goOnFunction = 'iotctl_go_on';

/** SQL text that is true, and ends the statement when its time is up. Asked at one row of sixteen, which costs nothing to speak of. */
export function askedByRows(rowId: string): string {
  return `(${rowId} & 15 <> 0 OR ${goOnFunction}())`;
}

/**
 * Ends a statement that takes too long, or that nobody waits for any more. SQLite cannot be interrupted from outside its thread, so
 * queries ask by themselves, every few rows: see {@link askedByRows}.
 */
export class TimeLimit {
  /** One number shared with the main thread; anything but 0 ends what runs. */
  readonly #stop: Int32Array | undefined;
  readonly #monotonic: () => number;
  #begun = 0;
  #limitMs = Number.POSITIVE_INFINITY;
  #checks = 0;

  /** `monotonic` as a Clock's. */
  constructor(monotonic: () => number, stop?: Int32Array) {
    this.#monotonic = monotonic;
    this.#stop = stop;
  }

  /** Does `work`, in which statements may run for so many milliseconds; without end when undefined. */
  within<Result>(ms: number | undefined, work: () => Result): Result {
    this.#begun = this.#monotonic();
    this.#limitMs = ms ?? Number.POSITIVE_INFINITY;
    this.#checks = 0;
    try {
      return work();
    } finally {
      this.#limitMs = Number.POSITIVE_INFINITY;
    }
  }

  /** Throws DatabaseError `Overdue` when the time is up, `Closed` when the hub has said so; 1 otherwise, which is SQL's true. */
  check(): 1 {
    if (this.#stop !== undefined && Atomics.load(this.#stop, 0) !== 0)
      throw new DatabaseError('Closed', 'the registry is closed');
    this.#checks++;
    const ms = this.#monotonic() - this.#begun;
    // A statement that has hardly begun was kept waiting by the machine, and not by its rows.
    const patience = this.#checks < fewChecks ? 10 : 1;
    if (ms > this.#limitMs * patience) throw new DatabaseError(overdueCode, 'the query took too long');
    return 1;
  }
}
