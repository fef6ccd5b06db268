import { classifyFilter, matchesFilter, type FilterKind } from '../../protocol/mqtt/index.ts';
import type { StoredFilter } from '../core/ports.ts';

interface Held {
  readonly filter: string;
  readonly kind: FilterKind;
  readonly qos: 0 | 1;
}

const none: readonly Held[] = [];

/** What a device listens for: a handful at most, and mostly what all the others listen for too. */
export class Subscriptions {
  readonly #identity: string;
  #held: readonly Held[] = none;

  /** Stored filters that are not allowed any more are dropped. */
  constructor(identity: string, stored: readonly StoredFilter[] = []) {
    this.#identity = identity;
    for (const { filter, qos } of stored) this.add(filter, qos);
  }

  get size(): number {
    return this.#held.length;
  }

  get filters(): readonly StoredFilter[] {
    return this.#held.map(({ filter, qos }) => ({ filter, qos }));
  }

  has(kind: FilterKind): boolean {
    return this.qosOf(kind) !== undefined;
  }

  /** The quality of service of this kind of message; undefined when the device does not listen for it. */
  qosOf(kind: FilterKind): 0 | 1 | undefined {
    for (const held of this.#held) if (held.kind === kind) return held.qos;
    return undefined;
  }

  /** True when some filter of the device takes this topic in. */
  matches(topic: string): boolean {
    for (const { filter } of this.#held) if (matchesFilter(filter, topic)) return true;
    return false;
  }

  /** `refused` when the device may not have this filter (device.md §2.2); `same` when it has it already. */
  add(filter: string, qos: 0 | 1): 'added' | 'same' | 'refused' {
    const kind = classifyFilter(filter, this.#identity);
    if (kind === undefined) return 'refused';
    const at = this.#held.findIndex((held) => held.filter === filter);
    const before = this.#held[at];
    if (before?.qos === qos) return 'same';
    const held = shared(filter, kind, qos);
    // Arrays without room to spare: there are thousands of them, and they hardly ever change.
    this.#held = before === undefined ? this.#held.concat(held) : this.#held.with(at, held);
    return 'added';
  }

  /** True when the device had it. */
  remove(filter: string): boolean {
    const left = this.#held.filter((held) => held.filter !== filter);
    if (left.length === this.#held.length) return false;
    this.#held = left.length === 0 ? none : left;
    return true;
  }
}

/** Filters without a device's name in them, by text and quality of service; four of them are nearly all there are. */
const known = new Map<string, Held>();
const mostKnown = 64;

/** The same object for all devices that listen for the same. */
function shared(filter: string, kind: FilterKind, qos: 0 | 1): Held {
  const text = `${qos} ${filter}`;
  const found = known.get(text);
  if (found !== undefined) return found;
  const held = { filter, kind, qos };
  if (kind !== 'messages' && kind !== 'inputs' && known.size < mostKnown) known.set(text, held);
  return held;
}
