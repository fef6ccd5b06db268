/**
 * Things that a connection needs only while something goes on, and borrows for so long: of thousands of connections few are at work
 * at the same time.
 */
export class Spares<Thing> {
  readonly #make: () => Thing;
  readonly #isWorthKeeping: (thing: Thing) => boolean;
  readonly #most: number;
  readonly #kept: Thing[] = [];

  /** `most` are kept, of those that are worth it. */
  constructor(make: () => Thing, most: number, isWorthKeeping: (thing: Thing) => boolean = () => true) {
    this.#make = make;
    this.#most = most;
    this.#isWorthKeeping = isWorthKeeping;
  }

  take(): Thing {
    return this.#kept.pop() ?? this.#make();
  }

  /** The thing must be as it was taken. */
  give(thing: Thing): void {
    if (this.#kept.length < this.#most && this.#isWorthKeeping(thing)) this.#kept.push(thing);
  }
}
