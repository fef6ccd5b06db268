import { chainOperands, type Expression, type Literal, type PathSegment } from '../../../protocol/query/index.ts';

/** How the index tells values apart: `1`, `'1'` and `true` are three. */
export type TagKind = 'text' | 'number' | 'boolean';

/** A part of a condition that says which values a tag may have. */
export interface TagCondition {
  /** In SQLite's notation. */
  readonly path: string;
  readonly kind: TagKind;
  readonly values: readonly (string | number)[];
  /** What is left to check for those that have one of the values. */
  readonly rest: readonly Expression[];
}

/** More values than this are not looked up one by one. */
const maxValues = 100;
/** Names that need no escaping in SQLite's notation of paths. */
const plainName = /^[A-Za-z_][A-Za-z0-9_-]{0,127}$/;

/** The parts of a condition, joined by AND at its top, that an index over a tag could answer. */
export function tagConditions(where: Expression | undefined): readonly TagCondition[] {
  if (where === undefined) return [];
  const parts = where.kind === 'and' ? chainOperands(where) : [where];
  return parts.flatMap((part) => {
    const found = valuesOf(part);
    return found === undefined ? [] : [{ ...found, rest: parts.filter((other) => other !== part) }];
  });
}

function valuesOf(part: Expression): Omit<TagCondition, 'rest'> | undefined {
  if (part.kind === 'compare' && part.operator === '=') {
    const [left, right] = [part.left, part.right];
    if (left.kind === 'path' && right.kind === 'literal') return conditionOf(left.segments, [right.value]);
    if (right.kind === 'path' && left.kind === 'literal') return conditionOf(right.segments, [left.value]);
  }
  if (part.kind === 'in' && !part.negated && part.operand.kind === 'path')
    return conditionOf(part.operand.segments, part.items);
  return undefined;
}

function conditionOf(
  segments: readonly PathSegment[],
  items: readonly Literal[],
): Omit<TagCondition, 'rest'> | undefined {
  const [root, ...names] = segments;
  if (root !== 'tags' || names.length === 0 || items.length === 0 || items.length > maxValues) return undefined;
  if (!names.every((name) => typeof name === 'string' && plainName.test(name))) return undefined;
  const kind = kindOf(items[0]);
  if (kind === undefined || !items.every((item) => kindOf(item) === kind)) return undefined;
  const values = items.map((item) => (typeof item === 'boolean' ? Number(item) : (item as string | number)));
  return { path: `$${names.map((name) => `."${name}"`).join('')}`, kind, values };
}

function kindOf(item: Literal): TagKind | undefined {
  if (typeof item === 'string') return 'text';
  if (typeof item === 'number') return 'number';
  return typeof item === 'boolean' ? 'boolean' : undefined;
}
