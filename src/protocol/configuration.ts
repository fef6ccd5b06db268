/** Configurations: what the twins of a group of devices are to be. Source: service.md §7. */
import type { JsonObject } from '../std/json.ts';

/** Exactly one member. Keys of the inner objects are `properties.desired` or `properties.desired.<path>`. */
export interface ConfigurationContent {
  readonly deviceContent?: JsonObject;
  readonly moduleContent?: JsonObject;
  /** An edge deployment: content by module. */
  readonly modulesContent?: Readonly<Record<string, JsonObject>>;
}

export interface ConfigurationMetrics {
  /** Rows each query gave when it was last counted; empty before the first evaluation. */
  readonly results: Readonly<Record<string, number>>;
  readonly queries: Readonly<Record<string, string>>;
}

/** A configuration as `GET /configurations/{id}` answers it. Times are ISO 8601. */
export interface Configuration {
  readonly id: string;
  readonly schemaVersion: string | null;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly content: ConfigurationContent;
  readonly targetCondition: string;
  readonly createdTimeUtc: string;
  readonly lastUpdatedTimeUtc: string;
  readonly priority: number;
  readonly systemMetrics: ConfigurationMetrics;
  readonly metrics: ConfigurationMetrics;
  readonly etag: string;
}

/** What a caller may write. */
export type ConfigurationDraft = Pick<Configuration, 'id' | 'content'> &
  Partial<Pick<Configuration, 'schemaVersion' | 'labels' | 'targetCondition' | 'priority'>> & {
    readonly metrics?: { readonly queries: Readonly<Record<string, string>> };
  };

/** Answer of `POST /configurations/testQueries`. */
export interface QueryTest {
  readonly targetConditionError: string | null;
  readonly customMetricQueryErrors: Readonly<Record<string, string>>;
}

export type ConfigurationKind = 'device' | 'module' | 'edge';

export function configurationKind(content: ConfigurationContent): ConfigurationKind {
  if (content.modulesContent !== undefined) return 'edge';
  return content.moduleContent === undefined ? 'device' : 'module';
}

/** Says what is wrong with a configuration id, as the end of a sentence; undefined when nothing is. Source: service.md §7.2. */
export function configurationIdProblem(id: string): string | undefined {
  if (id === '') return 'is empty';
  if (id.length > 128) return 'is longer than 128 characters';
  return /^[a-z0-9\-+%_*!']+$/.test(id) ? undefined : "may hold only lower-case letters, digits and - + % _ * ! '";
}

export const configurationLimits = { configurations: 100, customMetrics: 5, edgeModules: 50 } as const;
