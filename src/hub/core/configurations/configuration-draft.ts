import {
  configurationIdProblem,
  configurationKind,
  configurationLimits,
  type ConfigurationContent,
} from '../../../protocol/configuration.ts';
import { HubError, type HubErrorSymbol } from '../../../protocol/hub-errors.ts';
import { parseQuery } from '../../../protocol/query/index.ts';
import { messageOf } from '../../../std/message-of.ts';
import { isJsonObject, type JsonValue } from '../../../std/json.ts';
import { parseTarget, type Target } from '../targets.ts';
import { fieldsOf, stringField, type Fields } from '../untrusted.ts';
import { parseContent } from './content.ts';
import type { ConfigurationRecord } from './configuration-record.ts';

export type Draft = Pick<
  ConfigurationRecord,
  'id' | 'schemaVersion' | 'labels' | 'content' | 'targetCondition' | 'priority' | 'metricQueries'
>;

/** Reads the untrusted body of a configuration. HubErrors ArgumentInvalid, InvalidConfiguration…. Source: service.md §7.2. */
export function parseConfiguration(id: string, body: unknown): Draft {
  const problem = configurationIdProblem(id);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The configuration id ${problem}.`);
  const fields = fieldsOf(body, 'The configuration');
  const named = stringField(fields, 'id');
  if (named !== undefined && named !== id)
    throw new HubError('ArgumentInvalid', 'id in the body differs from the one in the path.');
  const content = parseContent(fields.get('content'));
  const targetCondition = stringField(fields, 'targetCondition') ?? '';
  checkTarget(content, targetCondition);
  return {
    id,
    schemaVersion: stringField(fields, 'schemaVersion') ?? null,
    labels: readLabels(fields),
    content,
    targetCondition,
    priority: readPriority(fields),
    metricQueries: readMetrics(fields),
  };
}

/** Whom the condition is about; undefined when it is empty and so about nobody. Failure: InvalidConfigurationTargetCondition. */
export function targetOf({
  content,
  targetCondition,
}: Pick<ConfigurationRecord, 'content' | 'targetCondition'>): Target | undefined {
  return checkTarget(content, targetCondition);
}

function checkTarget(content: ConfigurationContent, condition: string): Target | undefined {
  if (condition.trim() === '') return undefined;
  const target = understand(condition);
  const overModules = configurationKind(content) === 'module';
  if (overModules !== (target.source === 'devices.modules')) {
    throw wrongTarget(
      overModules
        ? 'moduleContent needs a condition that begins with FROM devices.modules WHERE.'
        : 'A condition over modules needs moduleContent.',
    );
  }
  return target;
}

function understand(condition: string): Target {
  try {
    return parseTarget(condition);
  } catch (error) {
    throw wrongTarget(messageOf(error));
  }
}

function wrongTarget(text: string): HubError {
  return new HubError('InvalidConfigurationTargetCondition', `targetCondition: ${text}`);
}

function readPriority(fields: Fields): number {
  const priority = fields.get('priority') ?? 0;
  if (typeof priority === 'number' && Number.isSafeInteger(priority) && priority >= 0) return priority;
  throw new HubError('ArgumentInvalid', 'priority must be a whole number from 0.');
}

function readLabels(fields: Fields): Record<string, string> | null {
  const labels = fields.get('labels');
  return labels === undefined ? null : textsOf(labels, 'labels', 'ArgumentInvalid');
}

function readMetrics(fields: Fields): Record<string, string> {
  const metrics = fields.get('metrics');
  const queries = metrics === undefined ? undefined : fieldsOf(metrics, 'metrics').get('queries');
  if (queries === undefined) return {};
  const texts = textsOf(queries, 'metrics.queries', 'InvalidConfigurationCustomMetricsQuery');
  const entries = Object.entries(texts);
  if (entries.length > configurationLimits.customMetrics) {
    throw wrongMetric(`There may be at most ${configurationLimits.customMetrics} custom metrics.`);
  }
  for (const [name, query] of entries) {
    const problem = metricProblem(query);
    if (problem !== undefined) throw wrongMetric(`metrics.queries.${name}: ${problem}`);
  }
  return texts;
}

function wrongMetric(text: string): HubError {
  return new HubError('InvalidConfigurationCustomMetricsQuery', text);
}

/** Says why the query cannot be a metric; undefined when it can. */
export function metricProblem(query: string): string | undefined {
  try {
    parseQuery(query);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** An object of strings. Its names are data, so they are defined, not assigned. */
export function textsOf(value: JsonValue, name: string, symbol: HubErrorSymbol): Record<string, string> {
  if (!isJsonObject(value)) throw new HubError(symbol, `${name} must be an object.`);
  const entries = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text !== 'string') throw new HubError(symbol, `${name}.${key} must be a string.`);
    return [key, text];
  });
  return Object.fromEntries(entries);
}
