/** What each path of a twin is in the tables. Source: service.md §3.2, §5.2. */
import { sql } from 'kysely';
import type { PathSegment } from '../../../../protocol/query/index.ts';
import { stampFunctions } from '../thread/functions.ts';
import type { Sql, TypedSql } from './typed-sql.ts';

/** How a selected column comes out of SQL: as it is, as JSON text, or as 0 and 1. NULL is always undefined. */
export type Decoding = 'plain' | 'json' | 'boolean';

export interface PathSql {
  readonly typed: TypedSql;
  /** Undefined when nothing can be there. */
  readonly output: { readonly value: Sql; readonly decoding: Decoding } | undefined;
}

const identity = (column: string): Sql => sql.ref(`i.${column}`);
const twin = (column: string): Sql => sql.ref(`t.${column}`);
const stamp = (name: string, column: string): Sql => sql`${sql.raw(name)}(${identity(column)})`;

const nowhere: PathSql = { typed: {}, output: undefined };

const scalars: Readonly<Record<string, PathSql>> = {
  deviceId: text(identity('device_id'), { indexed: identity('device_id') }),
  moduleId: text(identity('module_id')),
  etag: text(stamp(stampFunctions.etag, 'twin_counter')),
  deviceEtag: text(stamp(stampFunctions.etag, 'identity_counter')),
  status: text(identity('status')),
  statusReason: text(identity('status_reason')),
  statusUpdateTime: text(stamp(stampFunctions.time, 'status_updated_time')),
  connectionState: text(identity('connection_state')),
  lastActivityTime: text(stamp(stampFunctions.time, 'last_activity_time')),
  cloudToDeviceMessageCount: number(sql`0`),
  authenticationType: text(identity('auth_type')),
  version: number(identity('twin_version')),
  modelId: text(identity('model_id')),
  deviceScope: text(identity('device_scope')),
};

/** The SQL of a path in canonical case. A root the store does not keep, and a step into a scalar, lead nowhere. */
export function pathSql(segments: readonly PathSegment[]): PathSql {
  const [root, ...rest] = segments;
  if (typeof root !== 'string') return nowhere;
  if (Object.hasOwn(scalars, root)) return rest.length === 0 ? (scalars[root] ?? nowhere) : nowhere;
  switch (root) {
    case 'tags':
      return json(twin('tags'), rest);
    case 'properties':
      return propertiesSql(rest);
    case 'parentScopes':
      return json(unlessEmpty(identity('parent_scopes'), '[]'), rest);
    case 'configurations':
      return json(unlessEmpty(twin('configurations'), '{}'), rest);
    case 'capabilities':
      return capabilitiesSql(rest);
    case 'x509Thumbprint':
      return thumbprintSql(rest);
    default:
      return nowhere;
  }
}

function propertiesSql(segments: readonly PathSegment[]): PathSql {
  const [section, member, ...rest] = segments;
  if (section === undefined) {
    return object(
      sql`json_object('desired', json(${wholeSection('desired')}), 'reported', json(${wholeSection('reported')}))`,
    );
  }
  if (section !== 'desired' && section !== 'reported') return nowhere;
  if (member === undefined) return object(wholeSection(section));
  if (member === '$version') return rest.length === 0 ? number(twin(`${section}_version`)) : nowhere;
  if (member === '$metadata') return json(twin(`${section}_metadata`), rest);
  return json(twin(section), [member, ...rest]);
}

/** Content with `$metadata` and `$version`, as a twin shows it. */
function wholeSection(section: 'desired' | 'reported'): Sql {
  const metadata = sql`json(${twin(`${section}_metadata`)})`;
  return sql`json_set(${twin(section)}, '$."$metadata"', ${metadata}, '$."$version"', ${twin(`${section}_version`)})`;
}

function capabilitiesSql(segments: readonly PathSegment[]): PathSql {
  const edge = identity('iot_edge');
  if (segments.length === 0) return object(sql`json_object('iotEdge', json(iif(${edge}, 'true', 'false')))`);
  if (segments.length !== 1 || segments[0] !== 'iotEdge') return nowhere;
  return { typed: { boolean: edge }, output: { value: edge, decoding: 'boolean' } };
}

function thumbprintSql(segments: readonly PathSegment[]): PathSql {
  const primary = identity('primary_thumbprint');
  const secondary = identity('secondary_thumbprint');
  if (segments.length === 0)
    return object(sql`json_object('primaryThumbprint', ${primary}, 'secondaryThumbprint', ${secondary})`);
  if (segments.length > 1) return nowhere;
  if (segments[0] === 'primaryThumbprint') return nullableText(primary);
  return segments[0] === 'secondaryThumbprint' ? nullableText(secondary) : nowhere;
}

function text(value: Sql, more: TypedSql = {}): PathSql {
  return { typed: { string: value, ...more }, output: { value, decoding: 'plain' } };
}

/** A column whose NULL is JSON's null, not undefined. */
function nullableText(value: Sql): PathSql {
  return {
    typed: { string: value, isNull: sql`iif(${value} IS NULL, 1, NULL)` },
    output: { value: sql`json_quote(${value})`, decoding: 'json' },
  };
}

function number(value: Sql): PathSql {
  return { typed: { number: value }, output: { value, decoding: 'plain' } };
}

function object(value: Sql): PathSql {
  return { typed: { object: value }, output: { value, decoding: 'json' } };
}

/** A twin does not show these while they are empty. */
function unlessEmpty(column: Sql, empty: string): Sql {
  return sql`nullif(${column}, ${empty})`;
}

/** A place inside a JSON column. */
function json(column: Sql, segments: readonly PathSegment[]): PathSql {
  const path = jsonPath(segments);
  const type = sql`json_type(${column}, ${path})`;
  const value = sql`json_extract(${column}, ${path})`;
  return {
    typed: {
      string: sql`iif(${type} = 'text', ${value}, NULL)`,
      // As REAL, because that is what numbers are in the language: an integer beyond 2^53 is the same double for both.
      number: sql`iif(${type} IN ('integer', 'real'), CAST(${value} AS REAL), NULL)`,
      boolean: sql`CASE ${type} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END`,
      isNull: sql`iif(${type} = 'null', 1, NULL)`,
      array: sql`iif(${type} = 'array', ${value}, NULL)`,
      object: sql`iif(${type} = 'object', 1, NULL)`,
      defined: sql`(${type} IS NOT NULL)`,
    },
    output: { value: sql`(${column} -> ${path})`, decoding: 'json' },
  };
}

/** A path in SQLite's notation; names are JSON strings, so no character of them has a meaning. */
function jsonPath(segments: readonly PathSegment[]): string {
  const steps = segments.map((segment) =>
    typeof segment === 'number' ? `[${segment}]` : `.${JSON.stringify(segment)}`,
  );
  return `$${steps.join('')}`;
}
