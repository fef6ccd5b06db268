/** Bounds that keep a hostile text cheap. Source of the length: service.md §5.1. */
export const queryLimits = {
  /** Characters of a query or condition. */
  length: 8192,
  /** Parentheses, NOTs, minus signs and calls inside one another. */
  nesting: 64,
  /** Arithmetic operators in one text; a chain of them nests in SQL. */
  arithmetic: 64,
} as const;
