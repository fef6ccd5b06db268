/** Hands things on one at a time, as long as there are any. */
export interface Pump {
  /** There may be more: goes to work, or looks once more when it is at work. */
  wake(): void;
  /** Resolves when it has nothing to do. */
  idle(): Promise<void>;
}

/** `step` hands one thing on and answers false when there was none, or no room for it. */
export function createPump(step: () => Promise<boolean>, onError: (error: unknown) => void): Pump {
  let working: Promise<void> | undefined;
  let again = false;

  async function work(): Promise<void> {
    try {
      do {
        again = false;
        while (await step());
      } while (again);
    } catch (error) {
      onError(error);
    } finally {
      working = undefined;
    }
  }

  return {
    wake() {
      again = true;
      working ??= work();
    },
    idle: () => working ?? Promise.resolve(),
  };
}
