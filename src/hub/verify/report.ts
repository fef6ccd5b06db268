/** What was found while checking a hub's data. */
export interface Finding {
  /** The file, from the data directory on. */
  readonly file: string;
  readonly problem: string;
}

/** Gathers what checks find, bounded for each file: a lost disk must not become an endless list. */
export interface Findings {
  add(file: string, problem: string): void;
  readonly all: readonly Finding[];
}

const mostOfOneFile = 100;

export function createFindings(): Findings {
  const all: Finding[] = [];
  const counts = new Map<string, number>();
  return {
    all,
    add(file, problem) {
      const count = (counts.get(file) ?? 0) + 1;
      counts.set(file, count);
      if (count < mostOfOneFile) all.push({ file, problem });
      else if (count === mostOfOneFile) all.push({ file, problem: 'more problems, which are left out' });
    },
  };
}
