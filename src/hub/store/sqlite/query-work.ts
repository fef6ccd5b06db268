import type { Expression, PathSegment, Query } from '../../../protocol/query/index.ts';
import { mostCounted, topParts, valuesOf } from './property-condition.ts';
import type { IndexedProperty } from './property-index.ts';
import type { Work } from './readers.ts';

/** What a path begins with that leads into the table of twins. */
const twinRoots: ReadonlySet<PathSegment | undefined> = new Set(['tags', 'properties', 'configurations']);
/** Columns of identities with an index in the order pages are given in. */
const indexedColumns: ReadonlySet<PathSegment | undefined> = new Set(['deviceId', 'status', 'connectionState']);

/** How much one page of a query may look at. */
export function workOf(query: Query, indexed: IndexedProperty | undefined): Work {
  if (indexed !== undefined) return indexed.matches < mostCounted || indexed.rest.length === 0 ? 'search' : 'scan';
  const parts = topParts(query.where);
  if (parts.some((part) => namesDevices(part))) return 'search';
  const simple = parts.every((part) => indexedColumns.has(valuesOf(part)?.segments[0]) || boundsDevices(part));
  return simple && (countsAlone(query) || !isGrouped(query)) ? 'search' : 'scan';
}

/** `deviceId = 'a'`, `deviceId IN ['a', 'b']`, `STARTSWITH(deviceId, 'a')`. */
function namesDevices(part: Expression): boolean {
  if (part.kind === 'call' && part.name === 'STARTSWITH') {
    const [first, prefix] = part.args;
    return isDeviceId(first) && prefix?.kind === 'literal' && prefix.value !== '';
  }
  return valuesOf(part)?.segments[0] === 'deviceId';
}

/** `deviceId > 'a'`: read in the order of the index. */
function boundsDevices(part: Expression): boolean {
  return part.kind === 'compare' && part.operator !== '!=' && isDeviceId(part.left) && part.right.kind === 'literal';
}

function isDeviceId(expression: Expression | undefined): boolean {
  return expression?.kind === 'path' && expression.segments[0] === 'deviceId';
}

export function isGrouped({ select, groupBy }: Query): boolean {
  return groupBy.length > 0 || (select !== 'all' && select.some((item) => item.kind === 'aggregate'));
}

/** `SELECT COUNT()` and nothing else. */
export function countsAlone({ select, groupBy }: Query): boolean {
  return (
    groupBy.length === 0 &&
    select !== 'all' &&
    select.every((item) => item.kind === 'aggregate' && item.aggregate === 'COUNT')
  );
}

/** True when a query, with these conditions left, looks into twins and not into identities alone. */
export function readsTwins({ select, groupBy }: Query, conditions: readonly Expression[]): boolean {
  if (select === 'all') return true;
  return (
    select.some(({ segments }) => twinRoots.has(segments?.[0])) ||
    groupBy.some(([root]) => twinRoots.has(root)) ||
    conditions.some((condition) => mentionsTwins(condition))
  );
}

function mentionsTwins(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
    case 'array':
      return false;
    case 'path':
      return twinRoots.has(expression.segments[0]);
    case 'not':
    case 'negate':
    case 'in':
      return mentionsTwins(expression.operand);
    case 'and':
    case 'or':
    case 'compare':
    case 'arithmetic':
      return mentionsTwins(expression.left) || mentionsTwins(expression.right);
    case 'call':
      return expression.args.some((argument) => mentionsTwins(argument));
  }
}
