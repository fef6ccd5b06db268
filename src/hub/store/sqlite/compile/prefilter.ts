import { sql } from 'kysely';
import type { Expression, Literal } from '../../../../protocol/query/index.ts';
import { sectionOf, valuesOf } from '../property-condition.ts';
import { balanced, type Sql } from './typed-sql.ts';

/** For more values it is as quick to read the JSON at once. */
const mostValues = 10;

/**
 * What must hold for a part of a condition to hold, and costs a third of it: the JSON text of a tag or property that equals a value
 * has that value in it, as it was written by `JSON.stringify`, which writes equal values in one way alone. Undefined when there is no
 * such shortcut. Only for parts that are joined by AND at the top, where false and undefined are the same.
 */
export function prefilterSql(part: Expression): Sql | undefined {
  const compared = valuesOf(part);
  const section = compared && sectionOf(compared.segments)?.section;
  if (compared === undefined || section === undefined || compared.items.length > mostValues) return undefined;
  const texts = compared.items.map((item) => textOf(item));
  if (texts.length === 0 || texts.includes(undefined)) return undefined;
  return balanced(
    'OR',
    texts.map((text) => sql`(instr(${sql.ref(`t.${section}`)}, ${text}) > 0)`),
  );
}

function textOf(value: Literal): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : undefined;
  return typeof value === 'boolean' ? String(value) : undefined;
}
