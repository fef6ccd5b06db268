import { classifyFilter, matchesFilter, type FilterKind } from '../../protocol/mqtt/index.ts';

/** What a device listens for. */
export class Subscriptions {
  readonly #identity: string;
  readonly #kinds = new Map<string, FilterKind>();

  /** Stored filters that are not allowed any more are dropped. */
  constructor(identity: string, stored: readonly string[] = []) {
    this.#identity = identity;
    for (const filter of stored) this.add(filter);
  }

  get size(): number {
    return this.#kinds.size;
  }

  get filters(): readonly string[] {
    return [...this.#kinds.keys()];
  }

  has(kind: FilterKind): boolean {
    for (const held of this.#kinds.values()) if (held === kind) return true;
    return false;
  }

  /** True when some filter of the device takes this topic in. */
  matches(topic: string): boolean {
    for (const filter of this.#kinds.keys()) if (matchesFilter(filter, topic)) return true;
    return false;
  }

  /** False when the device may not have this filter. Source: device.md §2.2. */
  add(filter: string): boolean {
    const kind = classifyFilter(filter, this.#identity);
    if (kind === undefined) return false;
    this.#kinds.set(filter, kind);
    return true;
  }

  /** True when the device had it. */
  remove(filter: string): boolean {
    return this.#kinds.delete(filter);
  }
}
