import { HubError } from '../protocol/hub-errors.ts';
import type { MessageRun, RunSettled, Sender, TelemetryLog } from './core/ports.ts';
import type { HubLog } from './log.ts';

/** Stands between all connections and the log: when the log is full, every connection stops reading until it has drained. */
export class AppendGate {
  readonly #telemetry: TelemetryLog;
  readonly #log: HubLog;
  readonly #waiting = new Set<() => void>();
  #blocked = false;
  #failing = false;

  constructor(telemetry: TelemetryLog, log: HubLog) {
    this.#telemetry = telemetry;
    this.#log = log;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  append(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, stored: (error?: Error) => void): void {
    if (!this.#telemetry.append(sender, enqueuedTime, bag, body, stored)) this.#shut();
  }

  appendRun(sender: Sender, enqueuedTime: number, bag: string, run: MessageRun, settled: RunSettled): void {
    if (!this.#telemetry.appendRun(sender, enqueuedTime, bag, run, settled)) this.#shut();
  }

  /** Calls `resume` once when the gate is open again. */
  wait(resume: () => void): void {
    this.#waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  /** Notes whether messages reach the disk; says so once when that changes, not once for each device. */
  noteOutcome(error: Error | undefined): void {
    // A refusal by a limit or a fault says nothing about the disk.
    if (error instanceof HubError) return;
    if ((error !== undefined) === this.#failing) return;
    this.#failing = error !== undefined;
    if (error === undefined) this.#log.info({}, 'telemetry is stored again');
    else this.#log.error({ error: error.message }, 'telemetry cannot be stored; devices that send are disconnected');
  }

  #shut(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    void this.#open();
  }

  async #open(): Promise<void> {
    await this.#telemetry.drained();
    this.#blocked = false;
    for (const resume of this.#waiting) {
      this.#waiting.delete(resume);
      resume();
      // append() above may have closed it again.
      if (this.blocked) return;
    }
  }
}
