import { Failure } from '../../errors/index.ts';
import { configurationIdProblem, type ConfigurationDraft } from '../../protocol/configuration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';

/** A configuration as a file has it: `id` is its name; revisions of it have ids of their own. */
export type WantedConfiguration = Required<
  Pick<ConfigurationDraft, 'id' | 'content' | 'targetCondition' | 'priority'>
> & {
  readonly labels: Readonly<Record<string, string>>;
  readonly metricQueries: Readonly<Record<string, string>>;
};

const members: ReadonlySet<string> = new Set([
  'id',
  'content',
  'targetCondition',
  'priority',
  'labels',
  'metrics',
  // What `configuration show -o json` has beside these is read over, so that its output can be applied.
  'schemaVersion',
  'etag',
  'createdTimeUtc',
  'lastUpdatedTimeUtc',
  'systemMetrics',
]);

/** Reads one configuration or a list of them. Failure: invalid-input, naming the file and the member. */
export function readConfigurations(document: JsonValue, source: string): WantedConfiguration[] {
  const items = Array.isArray(document) ? document : [document];
  const wanted = items.map((item, index) =>
    readOne(item, items.length === 1 ? source : `${source}, number ${index + 1}`),
  );
  const twice = wanted.find(({ id }, index) => wanted.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined) throw invalid(source, `the id ${twice.id} is there twice`);
  return wanted;
}

function readOne(item: JsonValue, source: string): WantedConfiguration {
  if (!isJsonObject(item)) throw invalid(source, 'a configuration must be an object');
  const unknown = Object.keys(item).find((name) => !members.has(name));
  if (unknown !== undefined) throw invalid(source, `"${unknown}" is no member of a configuration`);
  const { id, content, targetCondition = '', priority = 0, labels, metrics } = item;
  const problem = typeof id === 'string' ? configurationIdProblem(id) : 'is missing';
  if (problem !== undefined) throw invalid(source, `"id" ${problem}`);
  if (!isJsonObject(content ?? null)) throw invalid(source, '"content" must be an object');
  if (typeof targetCondition !== 'string') throw invalid(source, '"targetCondition" must be text');
  if (typeof priority !== 'number' || !Number.isSafeInteger(priority) || priority < 0)
    throw invalid(source, '"priority" must be a whole number from 0');
  const queries = isJsonObject(metrics ?? null) ? (metrics as JsonObject)['queries'] : undefined;
  return {
    id: id as string,
    content: withoutNulls(content as JsonObject),
    targetCondition,
    priority,
    labels: textsOf(labels, 'labels', source),
    metricQueries: textsOf(queries, 'metrics.queries', source),
  };
}

/** SDKs and the hub write the forms of content that are not used as null. */
function withoutNulls(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== null));
}

function textsOf(value: JsonValue | undefined, name: string, source: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw invalid(source, `"${name}" must be an object`);
  const entries = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text !== 'string') throw invalid(source, `"${name}.${key}" must be text`);
    return [key, text];
  });
  return Object.fromEntries(entries);
}

function invalid(source: string, problem: string): Failure {
  return new Failure('invalid-input', `${source}: ${problem}`, { hint: 'iotctl configuration apply --help' });
}
