/**
 * PUBACKs of one connection in the order its PUBLISHes came (MQTT 3.1.1 §4.6; some SDKs take any other order for a fatal error,
 * device.md §2.4). A PUBLISH has a slot, counted on for ever, and is settled by it, in any order.
 */
const waiting = 0;
const done = 1;
/** Not to be acknowledged, nor to hold up those behind it. */
const skipped = 2;
const initialSlots = 32;

export class Acknowledgements {
  /** A ring; the index is the remainder of the slot. Empty until there is something to acknowledge: most devices are silent. */
  #identifiers = new Uint16Array(0);
  #states = new Uint8Array(0);
  #oldest = 0;
  #newest = 0;

  /** How many PUBLISHes are not acknowledged yet, done or not. */
  get size(): number {
    return this.#newest - this.#oldest;
  }

  /** How many it has room for now. */
  get slots(): number {
    return this.#states.length;
  }

  /** A PUBLISH has come; answers its slot. Slots of PUBLISHes that follow each other do so too. */
  add(packetIdentifier: number): number {
    if (this.size === this.#states.length) this.#grow();
    const slot = this.#newest++;
    const index = slot & (this.#states.length - 1);
    this.#identifiers[index] = packetIdentifier;
    this.#states[index] = waiting;
    return slot;
  }

  /** `count` PUBLISHes from this slot on may be acknowledged. */
  complete(slot: number, count = 1): void {
    this.#mark(slot, count, done);
  }

  /** The same, for PUBLISHes that are never acknowledged. */
  skip(slot: number, count = 1): void {
    this.#mark(slot, count, skipped);
  }

  /** The PUBACKs that may be sent now, or undefined when there are none. */
  take(): Uint8Array | undefined {
    const mask = this.#states.length - 1;
    const states = this.#states;
    let end = this.#oldest;
    let count = 0;
    while (end < this.#newest && states[end & mask] !== waiting) if (states[end++ & mask] === done) count++;
    const first = this.#oldest;
    this.#oldest = end;
    if (count === 0) return undefined;
    const bytes = Buffer.allocUnsafe(count * 4);
    let at = 0;
    for (let slot = first; slot < end; slot++) {
      if (states[slot & mask] === skipped) continue;
      const identifier = this.#identifiers[slot & mask] ?? 0;
      bytes[at] = 0x40;
      bytes[at + 1] = 2;
      bytes[at + 2] = identifier >>> 8;
      bytes[at + 3] = identifier & 0xff;
      at += 4;
    }
    return bytes;
  }

  #mark(slot: number, count: number, state: number): void {
    const mask = this.#states.length - 1;
    for (let each = slot; each < slot + count; each++) this.#states[each & mask] = state;
  }

  #grow(): void {
    const held = this.#states.length;
    const slots = Math.max(held * 2, initialSlots);
    const identifiers = new Uint16Array(slots);
    const states = new Uint8Array(slots);
    for (let slot = this.#oldest; slot < this.#newest; slot++) {
      identifiers[slot & (slots - 1)] = this.#identifiers[slot & (held - 1)] ?? 0;
      states[slot & (slots - 1)] = this.#states[slot & (held - 1)] ?? 0;
    }
    this.#identifiers = identifiers;
    this.#states = states;
  }
}
