/** Counts by the values of a few labels, for metrics: plain numbers, so that counting costs nothing worth a thought. */
export interface Tally<Label extends string> {
  add(labels: Readonly<Record<Label, string>>): void;
  /** A copy, in the order of first appearance. */
  read(): readonly { readonly labels: Readonly<Record<Label, string>>; readonly count: number }[];
}

/** The values of labels must come from closed sets: each combination is kept for good. */
export function createTally<Label extends string>(names: readonly Label[]): Tally<Label> {
  const counts = new Map<string, { readonly labels: Readonly<Record<Label, string>>; count: number }>();
  return {
    add(labels) {
      const key = names.map((name) => labels[name]).join('\u0000');
      const entry = counts.get(key);
      if (entry === undefined) counts.set(key, { labels, count: 1 });
      else entry.count++;
    },
    read: () => [...counts.values()].map(({ labels, count }) => ({ labels, count })),
  };
}
