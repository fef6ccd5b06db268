/** Who wants to know when a message may be received, by queue. */
export interface Wakers<Key> {
  /** The returned function ends it. */
  add(key: Key, wake: () => void): () => void;
  wake(key: Key): void;
}

export function createWakers<Key>(): Wakers<Key> {
  // Mostly one wants to know, of thousands of queues: a set for each would be most of what they cost.
  const byKey = new Map<Key, (() => void) | Set<() => void>>();
  return {
    add(key, wake) {
      const held = byKey.get(key);
      if (held === undefined) byKey.set(key, wake);
      else if (typeof held === 'function') byKey.set(key, new Set([held, wake]));
      else held.add(wake);
      return () => {
        const left = byKey.get(key);
        if (left === wake) byKey.delete(key);
        else if (typeof left === 'object' && left.delete(wake) && left.size === 0) byKey.delete(key);
      };
    },
    wake(key) {
      const held = byKey.get(key);
      if (typeof held === 'function') held();
      else for (const wake of held ?? []) wake();
    },
  };
}
