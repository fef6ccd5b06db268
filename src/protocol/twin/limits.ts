/** Limits of a twin. Sizes are counted by {@link twinSize}. Source: device.md §6, service.md §3.3. */
export const twinLimits = {
  tagsBytes: 8 * 1024,
  desiredBytes: 32 * 1024,
  reportedBytes: 32 * 1024,
  /** UTF-8 bytes of one key. */
  keyBytes: 1024,
  /** UTF-8 bytes of one string value. */
  stringBytes: 4 * 1024,
  /** Levels of objects and arrays below the root. */
  depth: 10,
  minInteger: -4_503_599_627_370_496,
  maxInteger: 4_503_599_627_370_495,
} as const;
