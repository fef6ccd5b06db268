import type { Heads } from './requests.ts';

/** What has been committed so far, and a way to wait for more. */
export class Commits {
  #heads: Heads;
  #waiters = new Set<() => void>();
  #closed = false;

  constructor(heads: Heads) {
    this.#heads = heads;
  }

  get heads(): Heads {
    return this.#heads;
  }

  get closed(): boolean {
    return this.#closed;
  }

  advance(heads: Heads): void {
    this.#heads = heads;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Resolves at the next commit, at the close, or when aborted; never rejects. */
  next(signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of this.#waiters) wake();
  }
}
