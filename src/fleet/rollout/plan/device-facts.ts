/** What is known of a device before anything is offered to it: what it has reported itself, and else what its tags say. */
import { lt, valid } from 'semver';
import type { Manifest } from '../../../protocol/firmware/index.ts';
import type { JsonObject, JsonValue } from '../../../std/json.ts';
import type { ObservedDevice } from '../model/observed.ts';
import type { BlockReason, PlanCandidate } from '../model/plan.ts';
import type { Policy } from '../model/spec.ts';

type Described = Pick<ObservedDevice, 'tags'> & Pick<PlanCandidate, 'report'>;

/** `reported.firmware.hardware`, else `tags.hardware`. */
function hardwareOf({ tags, report }: Described): string | undefined {
  return report?.value.hardware ?? textOf(tags['hardware']);
}

/** `reported.firmware.version`, else `tags.firmwareVersion` where that is a version. */
export function versionOf({ tags, report }: Described): string | undefined {
  if (report !== undefined) return report.value.version;
  const tagged = textOf(tags['firmwareVersion']);
  return tagged !== undefined && valid(tagged) === tagged ? tagged : undefined;
}

/** The value at a path such as `rollout.wariness` below the tags. */
export function tagAt(tags: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = tags;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = value[name];
  }
  return value;
}

/** Why firmware does not fit a device as it is now; undefined when it does. */
export type FitCheck = (device: Described & Pick<ObservedDevice, 'enabled'>) => BlockReason | undefined;

/** Remembers how versions compare: a fleet has few of them. */
export function createFitCheck(
  { hardware, minVersion }: Pick<Manifest, 'hardware' | 'minVersion'>,
  { allowUnknownHardware }: Pick<Policy, 'allowUnknownHardware'>,
): FitCheck {
  const fitting: ReadonlySet<string> = new Set(hardware);
  const tooOld = new Map<string, boolean>();
  const isTooOld = (version: string, oldest: string): boolean => {
    const known = tooOld.get(version);
    if (known !== undefined) return known;
    const result = lt(version, oldest);
    tooOld.set(version, result);
    return result;
  };
  return (device) => {
    if (!device.enabled) return 'disabled';
    const model = hardwareOf(device);
    if (model === undefined) {
      if (!allowUnknownHardware) return 'hardware-unknown';
    } else if (!fitting.has(model)) return 'hardware-mismatch';
    if (minVersion === undefined) return undefined;
    const version = versionOf(device);
    if (version === undefined) return 'version-unknown';
    return isTooOld(version, minVersion) ? 'below-min-version' : undefined;
  };
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
