import type { WorldClient, WorldHub } from '../../src/fleet/rollout/rehearsal/world-client.ts';
import type { Clock } from '../../src/std/clock.ts';

/**
 * A client as a process uses it that is stopped at its nth write and goes on later: nothing of it happens meanwhile, no timer and no
 * answer, while the time of the world goes on. Afterwards everything goes on at once, first the write that it was about to send.
 */
export function createIce(
  client: WorldClient,
  write: number,
): { readonly hub: WorldHub; readonly clock: Clock; readonly frozen: Promise<void>; thaw(): void } {
  let writes = 0;
  let thawed = Promise.resolve();
  let isFrozen = false;
  let release: (() => void) | undefined;
  const frozen = Promise.withResolvers<void>();
  const freeze = (): void => {
    isFrozen = true;
    frozen.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    thawed = promise;
    release = resolve;
  };
  const clock: Clock = {
    ...client.clock,
    after: (ms, fire, options) => {
      let isCancelled = false;
      const cancel = client.clock.after(
        ms,
        () => {
          if (!isFrozen) fire();
          else void thawed.then(() => isCancelled || fire());
        },
        options,
      );
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };
  /** Answers arrive when it is awake. */
  const read = async <Result>(call: Promise<Result>): Promise<Result> => {
    try {
      return await call;
    } finally {
      await thawed;
    }
  };
  const send = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    if (++writes === write) freeze();
    await thawed;
    return read(call());
  };
  async function* pages<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    for await (const item of items) {
      await thawed;
      yield item;
    }
  }
  const { hub } = client;
  return {
    clock,
    frozen: frozen.promise,
    thaw() {
      isFrozen = false;
      release?.();
    },
    hub: {
      ...hub,
      twins: {
        get: (...request) => read(hub.twins.get(...request)),
        patch: (...request) => send(() => hub.twins.patch(...request)),
        replace: (...request) => send(() => hub.twins.replace(...request)),
      },
      queries: { query: (...request) => pages(hub.queries.query(...request)) },
      telemetry: { read: (request) => pages(hub.telemetry.read(request)) },
      records: {
        read: (...request) => read(hub.records.read(...request)),
        write: (...request) => send(() => hub.records.write(...request)),
        remove: (...request) => send(() => hub.records.remove(...request)),
        list: (...request) => pages(hub.records.list(...request)),
      },
    },
  };
}
