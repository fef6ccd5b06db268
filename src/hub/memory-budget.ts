/** Room for what is unfinished, shared by everybody: peers that each keep to their own limit can still be many. */
export interface MemoryBudget {
  /** Takes room; false when there is not so much left. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** Bytes that are taken now, and how often there was no room since the start. */
  readonly held: number;
  readonly refused: number;
}

export function createMemoryBudget(most: number): MemoryBudget {
  let held = 0;
  let refused = 0;
  return {
    hold(bytes) {
      if (held + bytes > most) {
        refused++;
        return false;
      }
      held += bytes;
      return true;
    },
    release(bytes) {
      held -= bytes;
    },
    get held() {
      return held;
    },
    get refused() {
      return refused;
    },
  };
}
