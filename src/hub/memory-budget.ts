/** Room for what is unfinished, shared by everybody: peers that each keep to their own limit can still be many. */
export interface MemoryBudget {
  /** Takes room; false when there is not so much left. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** Takes what is needed more than before, or gives back what is not; false when there is not so much left. */
  resize(before: number, after: number): boolean;
  /** Bytes that are taken now, and how often there was no room since the start. */
  readonly held: number;
  readonly refused: number;
}

export function createMemoryBudget(most: number): MemoryBudget {
  let held = 0;
  let refused = 0;
  const budget: MemoryBudget = {
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
    resize(before, after) {
      if (after > before) return budget.hold(after - before);
      budget.release(before - after);
      return true;
    },
    get held() {
      return held;
    },
    get refused() {
      return refused;
    },
  };
  return budget;
}
