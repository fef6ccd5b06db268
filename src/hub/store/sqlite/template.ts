import type { Compilable } from 'kysely';
import type { SqlValue } from './thread/messages.ts';

/** Stands in a query for a value that each use brings. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A place for a text in a query that becomes a {@link Template}. */
export function textSlot(name: string): string {
  return new Slot(name) as unknown as string;
}

/** A place for a number. */
export function numberSlot(name: string): number {
  return new Slot(name) as unknown as number;
}

/** A place for each column, fit for any type of column. */
export function slots<Column extends string>(columns: readonly Column[]): Record<Column, never> {
  return Object.fromEntries(columns.map((column) => [column, new Slot(column)])) as Record<Column, never>;
}

/** A query that was built once. Building one takes longer than running it, so the hot paths keep theirs. */
export interface Template {
  readonly sql: string;
  bind(values: Readonly<Record<string, SqlValue>>): SqlValue[];
}

export function template(query: Compilable): Template {
  const { sql, parameters } = query.compile();
  return {
    sql,
    bind: (values) =>
      parameters.map((parameter) =>
        parameter instanceof Slot ? (values[parameter.name] ?? null) : (parameter as SqlValue),
      ),
  };
}
