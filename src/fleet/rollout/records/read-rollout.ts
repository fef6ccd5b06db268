import { Failure, isFailure } from '../../../errors/index.ts';
import type { RecordStore, StoredRecord } from '../../../client/records.ts';
import type { Plan, PlannedDevice } from '../model/plan.ts';
import type { Intent, Lease, State } from '../model/record.ts';
import { parseHeader, parseIntent, parseLease, parsePlanPart, parseState } from './documents.ts';
import type { AuditHead, RolloutHeader } from './documents.ts';
import { parseRecordName, recordNames, rolloutParts, type RolloutPart } from './names.ts';
import { rolloutsPrefix } from './prefix.ts';

/** A rollout as its small records say. */
export interface StoredRollout {
  readonly id: string;
  readonly header: RolloutHeader;
  readonly intent: Intent;
  readonly intentEtag: string | undefined;
  /** Undefined until a controller has decided for the first time. */
  readonly state: State | undefined;
  readonly stateEtag: string | undefined;
  readonly lease: Lease | undefined;
  /** The latest end of the audit that one of the records knows of. */
  readonly audit: AuditHead | undefined;
}

/** What operators have asked for when nobody has asked for anything. */
export const noIntent: Intent = { paused: false, approved: [], promoted: [], retries: [] };

type Parts = Partial<Record<RolloutPart, StoredRecord>>;

/** Whether a controller has something to do: a rollout that has ended can still be asked to go back. */
export function goesOn({ state, intent }: Pick<StoredRollout, 'state' | 'intent'>): boolean {
  if (state === undefined) return true;
  const { phase } = state;
  if (phase === 'completed' || phase === 'aborted') return intent.ending === 'revert';
  return phase !== 'reverted';
}

/** undefined when there is no such rollout. Failures: invalid-value, data-unusable, and those of any request. */
export async function findRollout(
  records: RecordStore,
  id: string,
  signal?: AbortSignal,
): Promise<StoredRollout | undefined> {
  const names = recordNames(id);
  const found = await Promise.all(
    rolloutParts.map(async (part) => [part, await records.read(names[part], signal)] as const),
  );
  return fromParts(id, Object.fromEntries(found.filter(([, record]) => record !== undefined)));
}

/** As {@link findRollout}. Failure `rollout-not-found` when there is none. */
export async function readRollout(records: RecordStore, id: string, signal?: AbortSignal): Promise<StoredRollout> {
  const rollout = await findRollout(records, id, signal);
  if (rollout !== undefined) return rollout;
  throw new Failure('rollout-not-found', `there is no rollout "${id}"`, { details: { rollout: id } });
}

interface ListOptions {
  readonly signal?: AbortSignal;
  readonly onUnreadable?: (id: string, failure: Failure) => void;
}

/**
 * All rollouts of a hub, in no order that means anything; one that was only half made is not among them. One whose records are not
 * understood ends the list, unless somebody wants to be told of it instead.
 */
export function listRollouts(
  records: RecordStore,
  options: ListOptions = {},
): AsyncGenerator<StoredRollout, void, undefined> {
  return listParts(records, options, fromParts);
}

/** Ids of the rollouts that a controller has something to do for. What they are is not looked at. */
export function listGoingOn(records: RecordStore, options: ListOptions = {}): AsyncGenerator<string, void, undefined> {
  return listParts(records, options, (id, { spec, intent, state }) => {
    if (spec === undefined) return undefined;
    const stored = {
      intent: intent === undefined ? noIntent : parseIntent(intent.value, intent.name).intent,
      state: state && parseState(state.value, state.name).state,
    };
    return goesOn(stored) ? id : undefined;
  });
}

async function* listParts<Item>(
  records: RecordStore,
  options: ListOptions,
  read: (id: string, parts: Parts) => Item | undefined,
): AsyncGenerator<Item, void, undefined> {
  let id = '';
  let parts: Parts = {};
  const done = (): readonly Item[] => {
    try {
      const item = read(id, parts);
      return item === undefined ? [] : [item];
    } catch (error) {
      if (options.onUnreadable === undefined || !isFailure(error, 'data-unusable')) throw error;
      options.onUnreadable(id, error);
      return [];
    }
  };
  for await (const record of records.list(rolloutsPrefix, options.signal)) {
    const name = parseRecordName(record.name);
    if (name === undefined) continue;
    if (name.id !== id) {
      yield* done();
      id = name.id;
      parts = {};
    }
    parts[name.part] = record;
  }
  yield* done();
}

function fromParts(id: string, { spec, intent, state, lease }: Parts): StoredRollout | undefined {
  if (spec === undefined) return undefined;
  const storedIntent = intent && parseIntent(intent.value, intent.name);
  const storedState = state && parseState(state.value, state.name);
  return {
    id,
    header: parseHeader(spec.value, spec.name),
    intent: storedIntent?.intent ?? noIntent,
    intentEtag: intent?.etag,
    state: storedState?.state,
    stateEtag: state?.etag,
    lease: lease && parseLease(lease.value, lease.name),
    audit: laterHead(storedIntent?.audit, storedState?.audit),
  };
}

/** The one that is further on. */
function laterHead(left: AuditHead | undefined, right: AuditHead | undefined): AuditHead | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return right.seq > left.seq ? right : left;
}

/** The whole plan of a rollout. Failure `data-unusable` when a part is missing. */
export async function readPlan(
  records: RecordStore,
  id: string,
  header: RolloutHeader,
  signal?: AbortSignal,
): Promise<Plan> {
  const names = recordNames(id);
  const devices: PlannedDevice[] = [];
  for (let part = 1; part <= header.parts; part++) {
    const name = names.planPart(header.planDigest, part);
    const record = await records.read(name, signal);
    if (record === undefined) throw new Failure('data-unusable', `the record ${name} is missing`);
    for (const device of parsePlanPart(record.value, name)) devices.push(device);
  }
  if (devices.length !== header.devices)
    throw new Failure('data-unusable', `the plan of ${id} holds ${devices.length} devices, not ${header.devices}`);
  return {
    format: 1,
    digest: header.planDigest,
    createdAt: header.plannedAt,
    spec: header.spec,
    firmware: header.firmware,
    waveEnds: header.waveEnds,
    devices,
    leftOut: header.leftOut,
  };
}
