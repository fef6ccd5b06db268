import type { JsonObject, JsonValue } from '../std/json.ts';
import type { DesiredChange } from './connection/twin-channel.ts';

/** A desired property that a device obeys. */
export interface Setting {
  readonly name: string;
  /** What is wrong with a value, undefined when it may be taken. */
  readonly problem: (value: JsonValue) => string | undefined;
  readonly apply: (value: JsonValue) => void;
  /** The desired property was removed. */
  readonly reset: () => void;
  readonly current: () => JsonValue;
}

/**
 * Obeys a change of the desired properties and says so: the reported patch holds each setting's value as it is now, and under
 * `acknowledged` the version obeyed or the reason why not. Properties the device does not know are left alone.
 */
export function obey(settings: readonly Setting[], change: DesiredChange): JsonObject {
  const reported: JsonObject = {};
  const acknowledged: JsonObject = {};
  for (const setting of settings) {
    const value = Object.hasOwn(change.desired, setting.name) ? change.desired[setting.name] : undefined;
    if (value === undefined) continue;
    acknowledged[setting.name] = obeyOne(setting, value, change.version);
    reported[setting.name] = setting.current();
  }
  return Object.keys(acknowledged).length === 0 ? {} : { ...reported, acknowledged };
}

function obeyOne(setting: Setting, value: JsonValue, version: number): JsonObject | null {
  if (value === null) {
    setting.reset();
    return null;
  }
  const message = setting.problem(value);
  if (message !== undefined) return { version, status: 400, message };
  setting.apply(value);
  return { version, status: 200, message: null };
}

/** A setting that is a number within bounds. */
export function numberSetting(options: {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly unit?: string;
  readonly set: (value: number) => void;
  readonly get: () => number;
}): Setting {
  const { name, minimum, maximum, unit } = options;
  return {
    name,
    problem: (value) => numberProblem(name, value, minimum, maximum, unit),
    apply: (value) => options.set(Number(value)),
    reset: () => options.set(options.default),
    current: () => options.get(),
  };
}

/** Says what is wrong with a number from the network, undefined when nothing is. */
export function numberProblem(
  name: string,
  value: unknown,
  minimum: number,
  maximum: number,
  unit = '',
): string | undefined {
  if (typeof value === 'number' && value >= minimum && value <= maximum) return undefined;
  return `${name} must be a number from ${minimum} to ${maximum}${unit === '' ? '' : ` ${unit}`}`;
}
