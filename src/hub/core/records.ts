import { HubError } from '../../protocol/hub-errors.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import type { DeviceRecord, RegistryStore } from './ports.ts';
import { deviceExists, deviceNotFound } from './registry/preconditions.ts';

/** What a step on one device decides after reading its record: nothing to write, a new record, or its removal. */
type Decision<Result> =
  | { readonly write: DeviceRecord; readonly result: Result }
  | { readonly remove: true; readonly result: Result };

/** Reads and writes single records; steps on one device run in order, and a lost race with another writer is run again. */
export interface DeviceRecords {
  /** Failure: DeviceNotFound. */
  read(deviceId: string): Promise<DeviceRecord>;
  /** `decide` may run more than once; it throws to refuse. `done` runs right after the write, in the order of the writes. */
  change<Result>(
    deviceId: string,
    decide: (record: DeviceRecord | undefined) => Decision<Result>,
    done?: (result: Result) => void,
  ): Promise<Result>;
  /** Runs work on several devices while nobody else changes them through here. */
  exclusively<Result>(deviceIds: readonly string[], work: () => Promise<Result>): Promise<Result>;
}

/** Only another hub on the same store can win a race, so a few rounds are plenty. */
const maxRounds = 5;

export function createDeviceRecords(store: RegistryStore): DeviceRecords {
  const queue = createKeyedQueue();

  async function attempt<Result>(
    deviceId: string,
    decide: (record: DeviceRecord | undefined) => Decision<Result>,
  ): Promise<Result> {
    let lost: HubError = deviceNotFound(deviceId);
    for (let round = 0; round < maxRounds; round++) {
      const before = await store.read(deviceId);
      const decision = decide(before);
      const [outcome] = await store.write([changeOf(deviceId, before, decision)]);
      if (outcome === 'applied') return decision.result;
      lost =
        outcome === 'exists'
          ? deviceExists(deviceId)
          : new HubError('ServiceUnavailable', `Device '${deviceId}' is being changed by too many at once.`);
    }
    throw lost;
  }

  return {
    async read(deviceId) {
      const record = await store.read(deviceId);
      if (record === undefined) throw deviceNotFound(deviceId);
      return record;
    },
    change: (deviceId, decide, done) =>
      queue.run([deviceId], async () => {
        const result = await attempt(deviceId, decide);
        done?.(result);
        return result;
      }),
    exclusively: (deviceIds, work) => queue.run(deviceIds, work),
  };
}

function changeOf<Result>(deviceId: string, before: DeviceRecord | undefined, decision: Decision<Result>) {
  if (before === undefined) {
    if ('remove' in decision) throw deviceNotFound(deviceId);
    return { kind: 'insert', record: decision.write } as const;
  }
  if ('remove' in decision) return { kind: 'delete', deviceId, expected: before.revision } as const;
  return { kind: 'replace', record: decision.write, expected: before.revision } as const;
}
