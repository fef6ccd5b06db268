import { chainOperands, type Expression, type Literal, type PathSegment } from '../../../protocol/query/index.ts';

/** The parts of a twin that can be indexed; each is a column of its table. */
export type TwinSectionName = 'tags' | 'desired' | 'reported';

/** How the index tells values apart: `1`, `'1'` and `true` are three. */
export type ValueKind = 'text' | 'number' | 'boolean';

/** A place in a twin, of those that can be indexed. */
export interface PropertyPath {
  readonly section: TwinSectionName;
  /** In SQLite's notation. */
  readonly path: string;
}

/** A part of a condition that says which values a tag or a property may have. */
export interface PropertyCondition extends PropertyPath {
  readonly kind: ValueKind;
  readonly values: readonly (string | number)[];
  /** What is left to check for those that have one of the values. */
  readonly rest: readonly Expression[];
}

/** Matches are counted up to here, which takes less than a millisecond: beyond it, one more condition is worth an index of its own. */
export const mostCounted = 10_000;
/** More values than this are not looked up one by one. */
const maxValues = 100;
/** Names that need no escaping in SQLite's notation of paths. */
const plainName = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;

/** The parts of a condition, joined by AND at its top, that an index over a tag or a property could answer. */
export function propertyConditions(where: Expression | undefined): readonly PropertyCondition[] {
  const parts = topParts(where);
  return parts.flatMap((part) => {
    const found = valuesOf(part);
    const condition = found && conditionOf(found.segments, found.items);
    return condition === undefined ? [] : [{ ...condition, rest: parts.filter((other) => other !== part) }];
  });
}

/** The parts of a condition that must all hold. */
export function topParts(where: Expression | undefined): readonly Expression[] {
  if (where === undefined) return [];
  return where.kind === 'and' ? chainOperands(where) : [where];
}

/** A path and the values it is compared with for being equal to one of them; undefined for any other expression. */
export function valuesOf(
  part: Expression,
): { readonly segments: readonly PathSegment[]; readonly items: readonly Literal[] } | undefined {
  if (part.kind === 'compare' && part.operator === '=') {
    const [left, right] = [part.left, part.right];
    if (left.kind === 'path' && right.kind === 'literal') return { segments: left.segments, items: [right.value] };
    if (right.kind === 'path' && left.kind === 'literal') return { segments: right.segments, items: [left.value] };
  }
  if (part.kind === 'in' && !part.negated && part.operand.kind === 'path')
    return { segments: part.operand.segments, items: part.items };
  return undefined;
}

function conditionOf(
  segments: readonly PathSegment[],
  items: readonly Literal[],
): Omit<PropertyCondition, 'rest'> | undefined {
  const place = sectionOf(segments);
  if (place === undefined || place.names.length === 0 || items.length === 0 || items.length > maxValues)
    return undefined;
  const { section, names } = place;
  if (!names.every((name) => typeof name === 'string' && plainName.test(name))) return undefined;
  const kind = kindOf(items[0]);
  if (kind === undefined || !items.every((item) => kindOf(item) === kind)) return undefined;
  const values = items.map((item) => (typeof item === 'boolean' ? Number(item) : (item as string | number)));
  return { section, path: `$${names.map((name) => `."${String(name)}"`).join('')}`, kind, values };
}

/** The column that a path of a twin leads into and the names below it; undefined outside tags, desired and reported properties. */
export function sectionOf(
  segments: readonly PathSegment[],
): { readonly section: TwinSectionName; readonly names: readonly PathSegment[] } | undefined {
  const [root, second, ...rest] = segments;
  if (root === 'tags') return { section: 'tags', names: segments.slice(1) };
  if (root !== 'properties' || (second !== 'desired' && second !== 'reported')) return undefined;
  // `$version` and `$metadata` are columns of their own.
  if (typeof rest[0] === 'string' && rest[0].startsWith('$')) return undefined;
  return { section: second, names: rest };
}

function kindOf(item: Literal): ValueKind | undefined {
  if (typeof item === 'string') return 'text';
  if (typeof item === 'number') return 'number';
  return typeof item === 'boolean' ? 'boolean' : undefined;
}
