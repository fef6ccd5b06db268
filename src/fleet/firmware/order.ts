import { compare } from 'semver';
import type { StoredFirmware } from './firmware-records.ts';

/** By name, and of one name the newest version first. */
export function byRelease(left: StoredFirmware, right: StoredFirmware): number {
  const [one, other] = [left.signed.manifest, right.signed.manifest];
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return compare(other.version, one.version);
}
