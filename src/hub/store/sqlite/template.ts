import type { SqlValue } from './thread/messages.ts';

/** A statement with named places. */
export interface Template {
  readonly sql: string;
  /** How many values it takes. */
  readonly places: number;
  /** The values in the order of their places, behind those that are in `into` already; one that is not given is null. */
  bind<Into extends SqlValue[]>(values: Readonly<Record<string, SqlValue>>, into: Into): Into;
}

/** Takes a statement whose places are written `:name`, named after columns or as the text says. A name may come more than once. */
export function template(text: string): Template {
  const names: string[] = [];
  const sql = text.replaceAll(/:(\w+)/g, (_, name: string) => {
    names.push(name);
    return '?';
  });
  return {
    sql,
    places: names.length,
    bind(values, into) {
      for (const name of names) into.push(values[name] ?? null);
      return into;
    },
  };
}
