import { Failure, isFailure } from '../../errors/index.ts';
import type { Configuration, ConfigurationDraft } from '../../protocol/configuration.ts';
import type { JsonObject } from '../../std/json.ts';
import { diffDocuments, type Difference } from '../twins/diff.ts';
import type { Hub } from '../ports.ts';
import type { WantedConfiguration } from './read-configurations.ts';

/** What is to be done so that the hub has a configuration as it is wanted. */
export interface Plan {
  /** Its name; the id of its first revision. */
  readonly name: string;
  readonly action: 'create' | 'update' | 'replace' | 'retire' | 'none';
  /** Written by `create`, `update` and `replace`. */
  readonly draft: ConfigurationDraft;
  /** The revision that is in force now. */
  readonly current: Configuration | undefined;
  /** Revisions that go when the new one has taken over. */
  readonly outdated: readonly Configuration[];
  readonly differences: readonly Difference[];
}

/** Marks the revisions of a configuration: which it belongs to. */
const nameLabel = 'iotctl-name';

/**
 * Compares what is wanted with what the hub has. Content cannot change, so another content becomes a new revision, `NAME-r2`, that
 * takes over before the old one goes. Failure: invalid-query for a condition or metric that the hub does not understand.
 */
export async function planConfigurations(
  hub: Pick<Hub, 'configurations'>,
  wanted: readonly WantedConfiguration[],
  signal?: AbortSignal,
): Promise<Plan[]> {
  const existing = await hub.configurations.list(signal);
  const plans = wanted.map((one) => planOne(one, existing));
  for (const { name, draft, action } of plans) {
    if (action !== 'none' && action !== 'retire') await testQueries(hub, name, draft, signal);
  }
  return plans;
}

/**
 * The configuration of this id; where there is none, the newest revision of the configuration that files call so. Failure: not-found.
 */
export async function findConfiguration(
  hub: Pick<Hub, 'configurations'>,
  name: string,
  signal?: AbortSignal,
): Promise<Configuration> {
  try {
    return await hub.configurations.get(name, signal);
  } catch (error) {
    if (!isFailure(error, 'not-found')) throw error;
    const [newest] = revisionsOf(name, await hub.configurations.list(signal));
    if (newest === undefined) throw error;
    // Read once more by itself: a list has no fresh counts.
    return hub.configurations.get(newest.id, signal);
  }
}

/** What a hub has of a configuration, the newest revision first. */
function revisionsOf(name: string, existing: readonly Configuration[]): Configuration[] {
  return existing
    .filter((one) => revisionOf(name, one) !== undefined)
    .toSorted((a, b) => (revisionOf(name, b) ?? 0) - (revisionOf(name, a) ?? 0));
}

function planOne(wanted: WantedConfiguration, existing: readonly Configuration[]): Plan {
  const name = nameOf(wanted);
  const revisions = revisionsOf(name, existing);
  const [current, ...older] = revisions;
  if (current === undefined) {
    const draft = draftOf(wanted, name, false);
    return { name, action: 'create', draft, current, outdated: [], differences: diffDocuments({}, comparable(draft)) };
  }
  const draft = draftOf(wanted, current.id, current.id !== name);
  const differences = diffDocuments(comparable(current), comparable(draft));
  const base = { name, current, differences };
  if (differences.length === 0)
    return { ...base, draft, action: older.length === 0 ? 'none' : 'retire', outdated: older };
  if (!differences.some(({ path }) => path === 'content' || path.startsWith('content.')))
    return { ...base, draft, action: 'update', outdated: older };
  const id = freeRevision(name, (revisionOf(name, current) ?? 1) + 1, existing);
  return { ...base, draft: draftOf(wanted, id, true), action: 'replace', outdated: revisions };
}

/** The id of the next revision; one that somebody else has taken is left out. */
function freeRevision(name: string, from: number, existing: readonly Configuration[]): string {
  const taken = new Set(existing.map(({ id }) => id));
  let revision = from;
  while (taken.has(`${name}-r${revision}`)) revision++;
  return `${name}-r${revision}`;
}

/** A file that was made of a later revision is about the configuration that it is a revision of. */
function nameOf({ id, labels }: WantedConfiguration): string {
  const name = labels[nameLabel];
  return name !== undefined && id.startsWith(`${name}-r`) ? name : id;
}

/** 1 for the configuration itself, from 2 for later revisions of it; undefined for any other. */
function revisionOf(name: string, { id, labels }: Configuration): number | undefined {
  if (id === name) return 1;
  const suffix = id.startsWith(`${name}-r`) ? id.slice(name.length + 2) : '';
  return labels?.[nameLabel] === name && /^\d{1,6}$/.test(suffix) ? Number(suffix) : undefined;
}

function draftOf(wanted: WantedConfiguration, id: string, isRevision: boolean): ConfigurationDraft {
  const { content, targetCondition, priority, labels, metricQueries } = wanted;
  return {
    id,
    schemaVersion: '2.0',
    content,
    targetCondition,
    priority,
    labels: isRevision ? { ...labels, [nameLabel]: nameOf(wanted) } : labels,
    metrics: { queries: metricQueries },
  };
}

/** What a person decides about a configuration, without what the hub or this program adds. */
function comparable({ content, targetCondition, priority, labels, metrics }: ConfigurationDraft): JsonObject {
  const { [nameLabel]: _, ...own } = labels ?? {};
  const used = Object.entries(content).filter(([, value]) => value !== null);
  return {
    content: Object.fromEntries(used),
    targetCondition: targetCondition ?? '',
    priority: priority ?? 0,
    labels: own,
    metrics: { ...metrics?.queries },
  };
}

async function testQueries(
  hub: Pick<Hub, 'configurations'>,
  name: string,
  { targetCondition = '', metrics }: ConfigurationDraft,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The test refuses the condition that means everything.
  const condition = targetCondition.trim() === '*' ? '' : targetCondition;
  const queries = metrics?.queries ?? {};
  if (condition === '' && Object.keys(queries).length === 0) return;
  const answer = await hub.configurations.test({ targetCondition: condition, customMetricQueries: queries }, signal);
  if (answer.targetConditionError !== null && condition !== '')
    throw new Failure('invalid-query', `${name}: targetCondition: ${answer.targetConditionError}`);
  const [wrong] = Object.entries(answer.customMetricQueryErrors);
  if (wrong !== undefined) throw new Failure('invalid-query', `${name}: metrics.queries.${wrong[0]}: ${wrong[1]}`);
}
