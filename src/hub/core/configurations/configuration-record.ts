import {
  configurationKind,
  type Configuration,
  type ConfigurationContent,
  type ConfigurationKind,
} from '../../../protocol/configuration.ts';
import { isoMillis } from '../../../protocol/time.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DocumentChange } from '../ports.ts';

export const collection = 'configurations';

/** A configuration as it is stored. Times are Unix milliseconds. */
export interface ConfigurationRecord {
  readonly id: string;
  readonly schemaVersion: string | null;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly content: ConfigurationContent;
  readonly targetCondition: string;
  readonly priority: number;
  readonly metricQueries: Readonly<Record<string, string>>;
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
  /** Counts writes; the etag is its base64. */
  readonly counter: number;
  readonly systemResults: Readonly<Record<string, number>>;
  readonly metricResults: Readonly<Record<string, number>>;
  /** Twins are as they should be since the last write. */
  readonly evaluated: boolean;
}

export function putChange(record: ConfigurationRecord): DocumentChange {
  return { kind: 'put', collection, id: record.id, value: { ...record } as unknown as JsonObject };
}

export function toConfigurationRecord(value: JsonObject): ConfigurationRecord {
  return value as unknown as ConfigurationRecord;
}

export function kindOf({ content }: ConfigurationRecord): ConfigurationKind {
  return configurationKind(content);
}

/** The bare form, as bodies carry it: base64 of the decimal count, `MQ==` first. Source: service.md §7.2. */
export function configurationEtag({ counter }: ConfigurationRecord): string {
  return Buffer.from(String(counter)).toString('base64');
}

export function viewConfiguration(record: ConfigurationRecord): Configuration {
  return {
    id: record.id,
    schemaVersion: record.schemaVersion,
    labels: record.labels,
    content: record.content,
    targetCondition: record.targetCondition,
    createdTimeUtc: isoMillis(record.createdTime),
    lastUpdatedTimeUtc: isoMillis(record.lastUpdatedTime),
    priority: record.priority,
    systemMetrics: { results: record.systemResults, queries: systemQueries(record) },
    metrics: { results: record.metricResults, queries: record.metricQueries },
    etag: configurationEtag(record),
  };
}

/** What the system's own metrics count. Source: service.md §7.6. */
export function systemQueries(record: ConfigurationRecord): Record<string, string> {
  const applied = `configurations.[[${record.id}]].status = 'Applied'`;
  const kind = kindOf(record);
  if (kind === 'module') {
    return {
      targetedCount: `select deviceId, moduleId ${record.targetCondition === '' ? 'from devices.modules' : record.targetCondition}`,
      appliedCount: `select deviceId, moduleId from devices.modules where ${applied}`,
    };
  }
  const edgeOnly = kind === 'edge' ? 'capabilities.iotEdge = true' : undefined;
  const condition = record.targetCondition.trim() === '*' ? undefined : `(${record.targetCondition})`;
  const conditions = [edgeOnly, condition].filter((text) => text !== undefined && text !== '()').join(' and ');
  const targetedCount = `select deviceId from devices${conditions === '' ? '' : ` where ${conditions}`}`;
  if (kind === 'device') return { targetedCount, appliedCount: `select deviceId from devices where ${applied}` };
  const agents = `select deviceId from devices.modules where moduleId = '$edgeAgent' and ${applied}`;
  const reported = `${agents} and properties.desired.$version = properties.reported.lastDesiredVersion`;
  return {
    targetedCount,
    appliedCount: agents,
    reportedSuccessfulCount: `${reported} and properties.reported.lastDesiredStatus.code = 200`,
    reportedFailedCount: `${reported} and properties.reported.lastDesiredStatus.code != 200`,
  };
}
