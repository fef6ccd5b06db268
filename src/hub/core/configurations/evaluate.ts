import type { ConfigurationKind } from '../../../protocol/configuration.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { Query } from '../../../protocol/query/index.ts';
import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import { pool } from '../../../std/pool.ts';
import type { RegistryStore } from '../ports.ts';
import { identityOfRow, listTargets, type Target } from '../targets.ts';
import { writeTwin } from './apply.ts';
import { targetOf } from './configuration-draft.ts';
import { kindOf, type ConfigurationRecord } from './configuration-record.ts';
import { deployModules, type EdgeParts } from './edge-modules.ts';
import { byPrecedence, combine, combineModules } from './precedence.ts';

export interface EvaluationParts extends EdgeParts {
  readonly store: RegistryStore;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** How many twins each configuration targets. */
export type TargetCounts = ReadonlyMap<string, number>;

const pageSize = 1_000;
/** Twins that are written at once; they share commits. */
const concurrency = 128;

/**
 * Brings every twin that a configuration targets to what it should be. A twin is written when the set of its configurations is
 * another than before, or one of them was written since; what was set by hand in between stays. Source: service.md §7.5.
 */
export async function evaluateAll(
  parts: EvaluationParts,
  configurations: readonly ConfigurationRecord[],
): Promise<TargetCounts> {
  const ordered = byPrecedence(configurations);
  const counts = new Map<string, number>();
  for (const kind of ['device', 'module', 'edge'] as const) {
    const ofKind = ordered.filter((configuration) => kindOf(configuration) === kind);
    const targeting = await findTargets(parts.store, ofKind, counts);
    const others = new Set(ordered.filter((one) => kindOf(one) !== kind).map(({ id }) => id));
    const work = (twin: Due): Promise<void> => bring(parts, kind, twin, others);
    for await (const _ of pool(dueTwins(parts, kind, targeting, others), concurrency, work, parts.signal)) continue;
  }
  return counts;
}

/** By identity: the configurations that target it, the highest first. Identities are shared strings, so this holds 100,000 of them. */
type Targeting = ReadonlyMap<IdentityPath, readonly ConfigurationRecord[]>;

async function findTargets(
  store: RegistryStore,
  ordered: readonly ConfigurationRecord[],
  counts: Map<string, number>,
): Promise<Targeting> {
  const targeting = new Map<IdentityPath, ConfigurationRecord[]>();
  for (const configuration of ordered) {
    const target = targetOf(configuration);
    if (target === undefined) continue;
    const narrowed = kindOf(configuration) === 'edge' ? onEdgeDevices(target) : target;
    for await (const identities of listTargets(store, narrowed, pageSize)) {
      counts.set(configuration.id, (counts.get(configuration.id) ?? 0) + identities.length);
      for (const identity of identities) {
        const others = targeting.get(identity);
        if (others === undefined) targeting.set(identity, [configuration]);
        else others.push(configuration);
      }
    }
  }
  return targeting;
}

function onEdgeDevices({ source, where }: Target): Target {
  const edge = {
    kind: 'compare',
    operator: '=',
    left: { kind: 'path', segments: ['capabilities', 'iotEdge'] },
    right: { kind: 'literal', value: true },
  } as const;
  return { source, where: where === undefined ? edge : { kind: 'and', left: edge, right: where } };
}

/** A twin that is not as it should be. */
interface Due {
  readonly identity: IdentityPath;
  readonly targeted: readonly ConfigurationRecord[];
}

/** Goes through all twins of a kind once and gives those that need work. Deployments are noted on the device's agent. */
async function* dueTwins(
  { store }: EvaluationParts,
  kind: ConfigurationKind,
  targeting: Targeting,
  others: ReadonlySet<string>,
): AsyncGenerator<Due, void, undefined> {
  for await (const { identity, configurations } of readStates(store, kind)) {
    const targeted = targeting.get(kind === 'edge' ? identityNames(identity).deviceId : identity) ?? [];
    const applied = Object.keys(configurations).filter((id) => !others.has(id));
    const same = applied.length === targeted.length && targeted.every(({ id }) => Object.hasOwn(configurations, id));
    if (!same || targeted.some(({ evaluated }) => !evaluated)) yield { identity, targeted };
  }
}

async function* readStates(
  store: RegistryStore,
  kind: ConfigurationKind,
): AsyncGenerator<{ identity: IdentityPath; configurations: JsonObject }, void, undefined> {
  const query = stateQuery(kind);
  let after: string | undefined;
  do {
    const page = await store.query(query, { limit: pageSize, after });
    for (const row of page.type === 'Raw' ? page.rows : []) {
      const configurations = row['configurations'] ?? null;
      yield { identity: identityOfRow(row), configurations: isJsonObject(configurations) ? configurations : {} };
    }
    after = page.next;
  } while (after !== undefined);
}

function stateQuery(kind: ConfigurationKind): Query {
  const names = kind === 'device' ? ['deviceId', 'configurations'] : ['deviceId', 'moduleId', 'configurations'];
  return {
    select: names.map((name) => ({ kind: 'path', segments: [name], name }) as const),
    top: undefined,
    source: kind === 'device' ? 'devices' : 'devices.modules',
    where:
      kind === 'edge'
        ? {
            kind: 'compare',
            operator: '=',
            left: { kind: 'path', segments: ['moduleId'] },
            right: { kind: 'literal', value: '$edgeAgent' },
          }
        : undefined,
    groupBy: [],
  };
}

/** Writes one twin; one that cannot be written is noted as targeted and does not hold up the rest. */
async function bring(
  parts: EvaluationParts,
  kind: ConfigurationKind,
  { identity, targeted }: Due,
  others: ReadonlySet<string>,
): Promise<void> {
  try {
    if (kind === 'edge') await bringModules(parts, identity, targeted, others);
    else await bringTwin(parts, identity, targeted, others);
  } catch (error) {
    try {
      await writeTwin(parts, identity, { configurations: statuses(targeted, new Set(), others) });
    } catch {
      // The twin is gone, or the store fails: then the first failure says it.
      if (!isGone(error)) parts.onError(error);
    }
  }
}

/** Deleted since it was listed. */
function isGone(error: unknown): boolean {
  return error instanceof HubError && error.status === 404;
}

async function bringTwin(
  parts: EvaluationParts,
  identity: IdentityPath,
  targeted: readonly ConfigurationRecord[],
  others: ReadonlySet<string>,
): Promise<void> {
  const { desired, effective } = combine(targeted);
  await writeTwin(parts, identity, {
    ...(targeted.length > 0 && { desired: { content: desired, replace: false } }),
    configurations: statuses(targeted, effective, others),
  });
}

async function bringModules(
  parts: EvaluationParts,
  agent: IdentityPath,
  targeted: readonly ConfigurationRecord[],
  others: ReadonlySet<string>,
): Promise<void> {
  const { modules, effective } = combineModules(targeted);
  if (modules.size > 0) await deployModules(parts, identityNames(agent).deviceId, modules, { prune: false });
  await writeTwin(parts, agent, { configurations: statuses(targeted, effective, others) });
}

/** The entries of this kind anew; those of other kinds stay. */
function statuses(
  targeted: readonly ConfigurationRecord[],
  effective: ReadonlySet<string>,
  others: ReadonlySet<string>,
): (before: JsonObject) => JsonObject {
  return (before) =>
    Object.fromEntries([
      ...Object.entries(before).filter(([id]) => others.has(id)),
      ...targeted.map(({ id }): [string, JsonObject] => [id, { status: effective.has(id) ? 'Applied' : 'Targeted' }]),
    ]);
}
