import type { Report } from '../../protocol/firmware/index.ts';
import type { BootView, InstallerPorts, SlotName } from './ports.ts';
import type { Installed, InstallerState, Told } from './state.ts';

/** Numbers that may be used after a write before there must be another; a power cut skips the rest. */
const numbersAhead = 32;

export interface JournalOptions {
  readonly ports: Pick<InstallerPorts, 'store' | 'report'>;
  readonly hardware: string;
  readonly state: InstallerState;
}

/** Keeps the machine's state and numbers its reports, so that no number is used twice, whenever the power is cut. */
export class Journal {
  readonly #options: JournalOptions;
  #state: InstallerState;
  #seq: number;
  #turn: Promise<void> = Promise.resolve();
  #view: BootView | undefined;
  #running: Installed = { version: '0.0.0', digest: '0'.repeat(64) };

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#seq = options.state.seq;
  }

  get state(): InstallerState {
    return this.#state;
  }

  get running(): Installed {
    return this.#running;
  }

  get runningSlot(): SlotName {
    return this.#view?.running ?? 'a';
  }

  get selectedSlot(): SlotName {
    return this.#view?.selected ?? 'a';
  }

  /** What runs, as the device found it. */
  runs(view: BootView, installed: Installed): void {
    this.#view = view;
    this.#running = installed;
  }

  /** Makes a change durable; what it tells is reported after it, and again after a restart. `running` is what runs from then on. */
  save(change: Partial<InstallerState>, told?: Told, running?: Installed): Promise<void> {
    return this.#inOrder(async () => {
      await this.#write(told === undefined ? change : { ...change, last: told });
      if (running !== undefined) this.#running = running;
      if (told !== undefined) this.#emit(told);
    });
  }

  /** Reports something that need not be remembered. */
  tell(told: Told): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#seq >= this.#state.seq) await this.#write({});
      this.#emit(told);
    });
  }

  /** One after the other: each write is the whole state. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #write(change: Partial<InstallerState>): Promise<void> {
    const next = { ...this.#state, ...change, seq: this.#seq + numbersAhead };
    await this.#options.ports.store.save(next);
    this.#state = next;
  }

  #emit(told: Told): void {
    this.#seq++;
    this.#options.ports.report(this.#reportOf(told));
  }

  /** Every member, also those without a value: what is left out would stay in the twin. */
  #reportOf(told: Told): Report {
    return {
      rollout: told.rollout,
      attempt: told.attempt,
      seq: this.#seq,
      state: told.state,
      progress: told.progress ?? null,
      version: this.#running.version,
      digest: this.#running.digest,
      hardware: this.#options.hardware,
      bootCount: this.#state.bootCount,
      resetReason: this.#view?.resetReason ?? null,
      until: told.until === undefined ? null : new Date(told.until).toISOString(),
      code: told.code ?? null,
      message: told.message ?? null,
    };
  }
}
