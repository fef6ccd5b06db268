/** Text as one single-quoted word of bash and zsh. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Text as one single-quoted word of fish. */
export function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The branches of a `case` statement, two levels in. */
export function caseBranches(entries: Iterable<readonly [key: string, action: string]>): string {
  return [...entries].map(([key, action]) => `    ${shellQuote(key)}) ${action} ;;`).join('\n');
}
