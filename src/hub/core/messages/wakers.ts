/** Who wants to know when a message may be received, by queue. */
export interface Wakers<Key> {
  /** The returned function ends it. */
  add(key: Key, wake: () => void): () => void;
  wake(key: Key): void;
}

export function createWakers<Key>(): Wakers<Key> {
  const byKey = new Map<Key, Set<() => void>>();
  return {
    add(key, wake) {
      const held = byKey.get(key) ?? new Set();
      byKey.set(key, held.add(wake));
      return () => {
        held.delete(wake);
        if (held.size === 0 && byKey.get(key) === held) byKey.delete(key);
      };
    },
    wake(key) {
      for (const wake of byKey.get(key) ?? []) wake();
    },
  };
}
