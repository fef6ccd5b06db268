import type { Clock } from '../../../std/clock.ts';
import type { DeviceRecord, RegistryStore } from '../ports.ts';

export interface LagParts {
  readonly store: RegistryStore;
  /** An empty store, which becomes what the registry was. */
  readonly replica: RegistryStore;
  readonly clock: Clock;
  readonly lagMs: number;
  readonly onError: (error: unknown) => void;
}

interface Waiting {
  readonly at: number;
  readonly apply: () => Promise<unknown>;
}

const copyPage = 500;

/**
 * A registry whose queries answer what was true some time ago, as in the cloud; single reads and writes are as ever. Every change
 * that was applied is applied to a replica when its time has come, and queries run there: so whatever a query can ask is as old,
 * and pages and aggregates fit together. Its `close` closes the replica alone. Source: service.md §5.1.
 */
export async function openLaggingStore({ store, replica, clock, lagMs, onError }: LagParts): Promise<RegistryStore> {
  await copyDevices(store, replica);
  const waiting: Waiting[] = [];
  let catchingUp: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;

  function later(apply: () => Promise<unknown>): void {
    waiting.push({ at: clock.monotonic() + lagMs, apply });
    plan();
  }

  function plan(): void {
    const [first] = waiting;
    if (first === undefined || cancel !== undefined) return;
    const fire = (): void => {
      cancel = undefined;
      void catchUp().finally(plan);
    };
    cancel = clock.after(Math.max(0, first.at - clock.monotonic()), fire, { unref: true });
  }

  function catchUp(): Promise<void> {
    const due: Waiting[] = [];
    for (let [first] = waiting; first !== undefined && first.at <= clock.monotonic(); [first] = waiting) {
      waiting.shift();
      due.push(first);
    }
    // In order, because each change counts on the one before it.
    catchingUp = applyAfter(catchingUp, due);
    return catchingUp;
  }

  async function applyAfter(before: Promise<void>, due: readonly Waiting[]): Promise<void> {
    await before;
    for (const { apply } of due) await apply().catch(onError);
  }

  return {
    get writes() {
      return store.writes;
    },
    readCredentials: (identity) => store.readCredentials(identity),
    read: (identity) => store.read(identity),
    readMany: (identities) => store.readMany(identities),
    list: (top) => store.list(top),
    listModules: (deviceId) => store.listModules(deviceId),
    async write(changes) {
      const outcomes = await store.write(changes);
      const applied = changes.filter((_, position) => outcomes[position] === 'applied');
      if (applied.length > 0) later(() => replica.write(applied));
      return outcomes;
    },
    async touch(activities) {
      await store.touch(activities);
      later(() => replica.touch(activities));
    },
    async disconnectAll(now) {
      await store.disconnectAll(now);
      later(() => replica.disconnectAll(now));
    },
    async query(query, page) {
      await catchUp();
      return replica.query(query, page);
    },
    counts: () => store.counts(),
    documents: store.documents,
    audit: store.audit,
    readSetting: (name) => store.readSetting(name),
    writeSetting: (name, value) => store.writeSetting(name, value),
    readSession: (identity) => store.readSession(identity),
    writeSession: (identity, filters) => store.writeSession(identity, filters),
    async close() {
      cancel?.();
      await catchingUp;
      await replica.close();
    },
  };
}

/** Devices before their modules, because a module is kept below a device that is there. */
async function copyDevices(store: RegistryStore, replica: RegistryStore): Promise<void> {
  for (const source of ['devices', 'devices.modules'] as const) {
    const query = { select: 'all', top: undefined, source, where: undefined, groupBy: [] } as const;
    let after: string | undefined;
    do {
      const page = await store.query(query, { limit: copyPage, after });
      const records = page.type === 'Twin' ? page.rows : [];
      await replica.write(records.map((record: DeviceRecord) => ({ kind: 'insert', record }) as const));
      after = page.next;
    } while (after !== undefined);
  }
}
