import { sql, type RawBuilder } from 'kysely';

export type Sql = RawBuilder<unknown>;

/**
 * An expression as SQL, once for each type its value may have. Each form is SQL NULL when the value is of another type, so that
 * NULL is the language's undefined and SQL's three-valued logic is the language's own. A type that is absent cannot occur.
 */
export interface TypedSql {
  readonly string?: Sql;
  readonly number?: Sql;
  /** 0 or 1. */
  readonly boolean?: Sql;
  /** 1 when the value is JSON null. */
  readonly isNull?: Sql;
  /** The JSON text of an array. */
  readonly array?: Sql;
  /** Anything but NULL when the value is an object. */
  readonly object?: Sql;
  /** A shorter way to ask whether there is a value; never NULL. */
  readonly defined?: Sql;
  /** A bare column that has an index; the same as `string`. */
  readonly indexed?: Sql;
}

export const undefinedSql: Sql = sql`NULL`;

/** The first of the alternatives that is not NULL. */
export function firstOf(alternatives: readonly (Sql | undefined)[]): Sql {
  const [first, second, ...rest] = alternatives.filter((alternative) => alternative !== undefined);
  if (first === undefined) return undefinedSql;
  return second === undefined ? first : sql`coalesce(${sql.join([first, second, ...rest])})`;
}

/** Joins by AND or OR as a balanced tree: SQLite limits how deep an expression may be. */
export function balanced(operator: 'AND' | 'OR', operands: readonly Sql[]): Sql {
  const [only] = operands;
  if (operands.length <= 1) return only ?? undefinedSql;
  const middle = operands.length >> 1;
  const left = balanced(operator, operands.slice(0, middle));
  const right = balanced(operator, operands.slice(middle));
  return operator === 'AND' ? sql`(${left} AND ${right})` : sql`(${left} OR ${right})`;
}
