import type { SqlValue } from './thread/messages.ts';

/** A statement with named places. */
export interface Template {
  readonly sql: string;
  /** How many values it takes. */
  readonly places: number;
  /** The values in the order of their places; one that is not given is null. */
  bind(values: Readonly<Record<string, SqlValue>>): SqlValue[];
}

/** Takes a statement whose places are written `:name`, named after columns or as the text says. A name may come more than once. */
export function template(text: string): Template {
  const names: string[] = [];
  const sql = text.replaceAll(/:(\w+)/g, (_, name: string) => {
    names.push(name);
    return '?';
  });
  return { sql, places: names.length, bind: (values) => names.map((name) => values[name] ?? null) };
}
