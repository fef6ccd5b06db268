import { isGlob, matchGlob } from '../../../std/glob.ts';

/** A test for device ids, from ids and globs; undefined when everything matches. An id that holds `*` or `?` matches itself too. */
export function deviceFilter(patterns: readonly string[] | undefined): ((deviceId: string) => boolean) | undefined {
  if (patterns === undefined || patterns.includes('*')) return undefined;
  const ids = new Set(patterns);
  const globs = patterns.filter(isGlob);
  return (deviceId) => ids.has(deviceId) || globs.some((glob) => matchGlob(glob, deviceId));
}
