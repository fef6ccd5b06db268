import { HubError } from '../../protocol/hub-errors.ts';
import type { Events } from './events/events.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { identityNames, identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { ChangeOutcome, DeviceRecord, RegistryChange, RegistryStore } from './ports.ts';
import { deviceNotFound, identityExists, identityNotFound } from './registry/preconditions.ts';

/** What a step on one identity decides after reading its record: nothing to write, a new record, or its removal. */
type Decision<Result> =
  /** `also` is written in the same transaction. */
  | {
      readonly write: DeviceRecord;
      readonly result: Result;
      readonly also?: readonly RegistryChange[];
      /** A replace of the twin looks like an update in the record; who listens for events is told. */
      readonly operation?: 'replaceTwin';
    }
  | { readonly remove: true; readonly result: Result };

type Decide<Result> = (record: DeviceRecord | undefined) => Decision<Result> | Promise<Decision<Result>>;

/** Reads and writes single records; steps on one identity run in order, and a lost race with another writer is run again. */
export interface DeviceRecords {
  /** Failure: DeviceNotFound. */
  read(identity: IdentityPath): Promise<DeviceRecord>;
  /** `decide` may run more than once; it throws to refuse. `done` runs right after the write, in the order of the writes. */
  change<Result>(identity: IdentityPath, decide: Decide<Result>, done?: (result: Result) => void): Promise<Result>;
  /** {@link DeviceRecords.change} of a module, in the line of its device too: neither comes or goes behind the other's back. */
  changeMember<Result>(
    identity: IdentityPath,
    decide: Decide<Result>,
    done?: (result: Result) => void,
  ): Promise<Result>;
  /** Runs work on several identities while nobody else changes them through here. */
  exclusively<Result>(identities: readonly IdentityPath[], work: () => Promise<Result>): Promise<Result>;
}

/** Only another hub on the same store can win a race, so a few rounds are plenty. */
const maxRounds = 5;

/** `wrote` is told of every change that was stored through here. */
export function createDeviceRecords(store: RegistryStore, wrote: Events['wrote'] = () => undefined): DeviceRecords {
  const queue = createKeyedQueue();

  async function attempt<Result>(identity: IdentityPath, decide: Decide<Result>): Promise<Result> {
    let lost: HubError | undefined;
    for (let round = 0; round < maxRounds; round++) {
      const before = await store.read(identity);
      const decision = await decide(before);
      const change = changeOf(identity, before, decision);
      const also = 'also' in decision ? (decision.also ?? []) : [];
      const [outcome = 'stale', ...outcomes] = await store.write([change, ...also]);
      if (outcome === 'applied') {
        wrote(before, change, 'operation' in decision ? decision.operation : undefined);
        for (const [index, other] of also.entries()) if (outcomes[index] === 'applied') wrote(undefined, other);
        return decision.result;
      }
      lost = lostRace(change, outcome);
    }
    throw lost ?? contended(identity);
  }

  async function changeNow<Result>(
    identity: IdentityPath,
    decide: Decide<Result>,
    done: ((result: Result) => void) | undefined,
  ): Promise<Result> {
    const result = await attempt(identity, decide);
    done?.(result);
    return result;
  }

  return {
    async read(identity) {
      const record = await store.read(identity);
      if (record === undefined) throw identityNotFound(identity);
      return record;
    },
    change: (identity, decide, done) => queue.run([identity], () => changeNow(identity, decide, done)),
    changeMember: (identity, decide, done) =>
      queue.run([identityNames(identity).deviceId, identity], () => changeNow(identity, decide, done)),
    exclusively: (identities, work) => queue.run(identities, work),
  };
}

function changeOf<Result>(
  identity: IdentityPath,
  before: DeviceRecord | undefined,
  decision: Decision<Result>,
): RegistryChange {
  if (before === undefined) {
    if ('remove' in decision) throw identityNotFound(identity);
    return { kind: 'insert', record: decision.write };
  }
  if ('remove' in decision) return { kind: 'delete', identity, expected: before.revision };
  return { kind: 'replace', record: decision.write, expected: before.revision };
}

/** The answer when somebody else was faster each time. */
function lostRace(change: RegistryChange, outcome: ChangeOutcome): HubError {
  const identity = change.kind === 'delete' ? change.identity : pathOf(change.record);
  if (outcome === 'exists') return identityExists(identity);
  if (outcome === 'missing' && change.kind === 'insert') return deviceNotFound(identityNames(identity).deviceId);
  return contended(identity);
}

/** HubError ServiceUnavailable: too many writers wanted the record at once. */
export function contended(identity: IdentityPath): HubError {
  return new HubError('ServiceUnavailable', `'${identity}' is being changed by too many at once.`);
}

export function pathOf({ deviceId, moduleId }: Pick<DeviceRecord, 'deviceId' | 'moduleId'>): IdentityPath {
  return identityPath(deviceId, moduleId);
}
