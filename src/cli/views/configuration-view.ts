import type { Plan } from '../../fleet/configurations/index.ts';
import { configurationKind, type Configuration } from '../../protocol/configuration.ts';
import type { JsonValue } from '../../std/json.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';

export const configurationListView: ListView<Configuration> = {
  columns: [
    { header: 'CONFIGURATION', value: ({ id }) => id, tone: () => 'accent' },
    { header: 'KIND', value: ({ content }) => configurationKind(content) },
    { header: 'PRIORITY', value: ({ priority }) => priority, align: 'right' },
    { header: 'TARGETED', value: ({ systemMetrics }) => systemMetrics.results['targetedCount'], align: 'right' },
    { header: 'APPLIED', value: ({ systemMetrics }) => systemMetrics.results['appliedCount'], align: 'right' },
    { header: 'TARGET', value: ({ targetCondition }) => targetCondition },
    { header: 'METRICS', value: ({ metrics }) => countsText(metrics.results), wide: true },
    { header: 'UPDATED', value: ({ lastUpdatedTimeUtc }) => lastUpdatedTimeUtc, wide: true },
  ],
  json: (configuration) => configuration,
  name: ({ id }) => id,
  empty: 'there are no configurations',
};

export const configurationView: DocumentView<Configuration> = {
  fields: (configuration) => [
    ['Configuration', configuration.id, 'accent'],
    ['Kind', configurationKind(configuration.content)],
    ['Target', configuration.targetCondition === '' ? 'nothing' : configuration.targetCondition],
    ['Priority', configuration.priority],
    ['Labels', configuration.labels],
    ['Created', configuration.createdTimeUtc],
    ['Updated', configuration.lastUpdatedTimeUtc],
    ['Metrics of the hub', configuration.systemMetrics.results],
    ['Metrics', configuration.metrics.results],
    ['Content', withoutNulls(configuration)],
    ['ETag', configuration.etag, 'dim'],
  ],
  json: (configuration) => configuration,
  name: ({ id }) => id,
};

function withoutNulls({ content }: Configuration): object {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== null));
}

function countsText(results: Readonly<Record<string, number>>): string {
  return Object.entries(results)
    .map(([name, count]) => `${name}=${count}`)
    .join(' ');
}

/** One line of a plan: a place where the hub differs from the file, or that there is none. */
export interface PlanRow {
  readonly name: string;
  readonly action: Plan['action'];
  readonly id: string;
  readonly path: string;
  readonly now: JsonValue | undefined;
  readonly wanted: JsonValue | undefined;
}

export function planRows(plans: readonly Plan[]): PlanRow[] {
  return plans.flatMap(({ name, action, draft, differences, outdated }): PlanRow[] => {
    const base = { name, action, id: draft.id };
    if (differences.length > 0)
      return differences
        .filter(({ left, right }) => left !== undefined || !isEmpty(right))
        .map(({ path, left, right }) => ({ ...base, path, now: left, wanted: right }));
    return [{ ...base, path: outdated.map(({ id }) => id).join(', '), now: undefined, wanted: undefined }];
  });
}

const actionTexts: Readonly<Record<Plan['action'], string>> = {
  create: 'create',
  update: 'update',
  replace: 'new revision',
  retire: 'delete old',
  none: 'unchanged',
};

const actionTones: Readonly<Record<Plan['action'], Tone>> = {
  create: 'good',
  update: 'warn',
  replace: 'warn',
  retire: 'bad',
  none: 'dim',
};

export const planView: ListView<PlanRow> = {
  columns: [
    { header: 'CONFIGURATION', value: ({ id }) => id, tone: () => 'accent' },
    { header: 'CHANGE', value: ({ action }) => actionTexts[action], tone: ({ action }) => actionTones[action] },
    { header: 'PATH', value: ({ path }) => path },
    { header: 'NOW', value: ({ now }) => shown(now) },
    { header: 'WANTED', value: ({ wanted }) => shown(wanted) },
  ],
  json: (row) => row,
  name: ({ id }) => id,
  empty: 'the files hold no configurations',
};

/** What a new configuration leaves out is no difference to look at. */
function isEmpty(value: JsonValue | undefined): boolean {
  return (
    value === undefined ||
    value === '' ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}
