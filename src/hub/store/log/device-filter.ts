import { isGlob, matchGlob } from '../../../std/glob.ts';
import type { ReadOptions, Sender } from '../../core/ports.ts';

/** A test for device ids, from ids and globs; undefined when everything matches. An id that holds `*` or `?` matches itself too. */
export function deviceFilter(patterns: readonly string[] | undefined): ((deviceId: string) => boolean) | undefined {
  if (patterns === undefined || patterns.includes('*')) return undefined;
  const ids = new Set(patterns);
  const globs = patterns.filter(isGlob);
  return (deviceId) => ids.has(deviceId) || globs.some((glob) => matchGlob(glob, deviceId));
}

/** A test for senders, by device and source; undefined when everything matches. */
export function senderFilter({
  devices,
  sources,
}: Pick<ReadOptions, 'devices' | 'sources'>): ((sender: Sender) => boolean) | undefined {
  const wanted = deviceFilter(devices);
  if (sources === undefined) return wanted === undefined ? undefined : ({ deviceId }) => wanted(deviceId);
  return ({ deviceId, source }) => sources.includes(source) && (wanted === undefined || wanted(deviceId));
}
