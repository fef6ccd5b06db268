import { formatLimit, namedLimits, readHubState, type NamedLimit } from '../../hub/index.ts';

/** A limit with its value at a hub. */
export interface ListedLimit extends NamedLimit {
  readonly value: number;
  /** As `--limit` takes it. */
  readonly written: string;
  readonly changed: boolean;
}

/** The limits of the hub that runs on this data directory; the defaults where none does. */
export async function listLimits(
  dataDir: string,
): Promise<{ readonly running: boolean; readonly limits: readonly ListedLimit[] }> {
  const state = await readHubState(dataDir);
  const limits = namedLimits.map((limit) => {
    const value = state?.limits?.[limit.name] ?? limit.default;
    return { ...limit, value, written: formatLimit(limit, value), changed: value !== limit.default };
  });
  return { running: state !== undefined, limits };
}
