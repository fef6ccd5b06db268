import { classifyFilter, matchesFilter, type FilterKind } from '../../protocol/mqtt/index.ts';
import type { StoredFilter } from '../core/ports.ts';

interface Held {
  readonly kind: FilterKind;
  readonly qos: 0 | 1;
}

/** What a device listens for. */
export class Subscriptions {
  readonly #identity: string;
  readonly #held = new Map<string, Held>();

  /** Stored filters that are not allowed any more are dropped. */
  constructor(identity: string, stored: readonly StoredFilter[] = []) {
    this.#identity = identity;
    for (const { filter, qos } of stored) this.add(filter, qos);
  }

  get size(): number {
    return this.#held.size;
  }

  get filters(): readonly StoredFilter[] {
    return [...this.#held].map(([filter, { qos }]) => ({ filter, qos }));
  }

  has(kind: FilterKind): boolean {
    return this.qosOf(kind) !== undefined;
  }

  /** The quality of service of this kind of message; undefined when the device does not listen for it. */
  qosOf(kind: FilterKind): 0 | 1 | undefined {
    for (const held of this.#held.values()) if (held.kind === kind) return held.qos;
    return undefined;
  }

  /** True when some filter of the device takes this topic in. */
  matches(topic: string): boolean {
    for (const filter of this.#held.keys()) if (matchesFilter(filter, topic)) return true;
    return false;
  }

  /** `refused` when the device may not have this filter (device.md §2.2); `same` when it has it already. */
  add(filter: string, qos: 0 | 1): 'added' | 'same' | 'refused' {
    const kind = classifyFilter(filter, this.#identity);
    if (kind === undefined) return 'refused';
    const before = this.#held.get(filter);
    this.#held.set(filter, { kind, qos });
    return before?.qos === qos ? 'same' : 'added';
  }

  /** True when the device had it. */
  remove(filter: string): boolean {
    return this.#held.delete(filter);
  }
}
