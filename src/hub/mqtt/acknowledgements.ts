/**
 * PUBACKs of one connection in the order its PUBLISHes came (MQTT 3.1.1 §4.6; some SDKs take any other order for a fatal error,
 * device.md §2.4). Telemetry completes in order, so it needs no name; other requests complete by the slot they were given.
 */
const waitingForLog = 0;
const waitingForReply = 1;
const done = 2;
const initialSlots = 32;

export class Acknowledgements {
  #identifiers = new Uint16Array(initialSlots);
  #states = new Uint8Array(initialSlots);
  /** Slots are counted on for ever; the ring index is the remainder. */
  #oldest = 0;
  #newest = 0;
  /** No slot before this waits for the log. */
  #logAt = 0;

  /** How many PUBLISHes are not acknowledged yet, done or not. */
  get size(): number {
    return this.#newest - this.#oldest;
  }

  /** How many it has room for now. */
  get slots(): number {
    return this.#states.length;
  }

  /** A telemetry message went to the log. */
  addTelemetry(packetIdentifier: number): void {
    this.#add(packetIdentifier, waitingForLog);
  }

  /** Another request; answers the slot for {@link complete}. */
  addRequest(packetIdentifier: number): number {
    return this.#add(packetIdentifier, waitingForReply);
  }

  /** The oldest telemetry message that waits is stored. */
  completeTelemetry(): void {
    const mask = this.#states.length - 1;
    while (this.#logAt < this.#newest && this.#states[this.#logAt & mask] !== waitingForLog) this.#logAt++;
    if (this.#logAt < this.#newest) this.#states[this.#logAt++ & mask] = done;
  }

  complete(slot: number): void {
    this.#states[slot & (this.#states.length - 1)] = done;
  }

  /** The PUBACKs that may be sent now, or undefined when there are none. */
  take(): Uint8Array | undefined {
    const mask = this.#states.length - 1;
    let end = this.#oldest;
    while (end < this.#newest && this.#states[end & mask] === done) end++;
    if (end === this.#oldest) return undefined;
    const bytes = Buffer.allocUnsafe((end - this.#oldest) * 4);
    for (let at = 0; this.#oldest < end; this.#oldest++, at += 4) {
      const identifier = this.#identifiers[this.#oldest & mask] ?? 0;
      bytes[at] = 0x40;
      bytes[at + 1] = 2;
      bytes[at + 2] = identifier >>> 8;
      bytes[at + 3] = identifier & 0xff;
    }
    if (this.#logAt < this.#oldest) this.#logAt = this.#oldest;
    return bytes;
  }

  #add(packetIdentifier: number, state: number): number {
    if (this.size === this.#states.length) this.#grow();
    const slot = this.#newest++;
    const index = slot & (this.#states.length - 1);
    this.#identifiers[index] = packetIdentifier;
    this.#states[index] = state;
    return slot;
  }

  #grow(): void {
    const slots = this.#states.length * 2;
    const identifiers = new Uint16Array(slots);
    const states = new Uint8Array(slots);
    for (let slot = this.#oldest; slot < this.#newest; slot++) {
      identifiers[slot & (slots - 1)] = this.#identifiers[slot & (slots / 2 - 1)] ?? 0;
      states[slot & (slots - 1)] = this.#states[slot & (slots / 2 - 1)] ?? 0;
    }
    this.#identifiers = identifiers;
    this.#states = states;
  }
}
