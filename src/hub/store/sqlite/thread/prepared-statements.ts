import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Each keeps a few kilobytes. */
const statementLimit = 256;

export interface PreparedStatement {
  readonly statement: StatementSync;
  readonly columns: readonly string[];
}

/** The statements of a connection by their text. The one used longest ago goes when there are too many. */
export class PreparedStatements {
  readonly #connection: DatabaseSync;
  readonly #byText = new Map<string, PreparedStatement>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  get(sql: string): PreparedStatement {
    const known = this.#byText.get(sql);
    if (known !== undefined) {
      // Moves it to the end, so that the first is the one used longest ago.
      this.#byText.delete(sql);
      this.#byText.set(sql, known);
      return known;
    }
    const statement = this.#connection.prepare(sql);
    statement.setReturnArrays(true);
    const prepared = { statement, columns: statement.columns().map((column) => column.name) };
    this.#byText.set(sql, prepared);
    if (this.#byText.size > statementLimit) this.#forgetOldest();
    return prepared;
  }

  clear(): void {
    this.#byText.clear();
  }

  #forgetOldest(): void {
    const oldest = this.#byText.keys().next();
    if (oldest.done !== true) this.#byText.delete(oldest.value);
  }
}
