/** Limits of a hub that are to be others than the defaults: from a file, and from the words of `--limit`. */
import { Failure } from '../../errors/index.ts';
import { formatLimit, limitTable, namedLimits, parseLimit, type HubOptions, type Limit } from '../../hub/index.ts';
import { closestName } from '../../std/closest.ts';
import type { JsonValue } from '../../std/json.ts';

export type LimitChoices = NonNullable<HubOptions['limits']>;

export const hint = 'iotctl hub limits lists them all';

/** Reads `{mqtt: {connectBytes: 16KiB}}`. Failure: invalid-input, with the name that was probably meant. */
export async function readLimits(value: JsonValue): Promise<LimitChoices> {
  const { parseLimitsFile } = await import('./limits-file.ts');
  return parseLimitsFile(value);
}

/** Adds what `mqtt.connectBytes=16KiB` says to what was chosen before. Failure: invalid-value. */
export function withLimit(choices: LimitChoices, words: string): LimitChoices {
  const [name = '', given] = words.split(/=(.*)/s);
  if (given === undefined)
    throw new Failure(
      'invalid-value',
      `--limit: "${words}" says no value: NAME=VALUE, such as connections.total=5000`,
      {
        hint,
      },
    );
  const limit = namedLimits.find((each) => each.name === name.trim());
  if (limit === undefined) throw unknownName('invalid-value', '--limit: ', name.trim());
  const value = parseLimit(limit, given);
  if (value === undefined)
    throw new Failure('invalid-value', `--limit: ${outOfBounds(limit.name, limit, given)}`, { hint });
  const [group = '', own = ''] = limit.name.split('.');
  const chosen: Readonly<Record<string, object | undefined>> = choices;
  return { ...choices, [group]: { ...chosen[group], [own]: value } };
}

export function outOfBounds(name: string, limit: Limit, given: string): string {
  const [least, most] = [formatLimit(limit, limit.least), formatLimit(limit, limit.most)];
  return `${name}: "${given}" is not from ${least} to ${most}`;
}

export function unknownName(code: 'invalid-input' | 'invalid-value', head: string, name: string): Failure {
  const names = namedLimits.map((limit) => limit.name);
  // Of a file, a whole group may be meant; --limit takes none.
  const meant = closestName(name, code === 'invalid-input' ? [...names, ...Object.keys(limitTable)] : names);
  const suggestion = meant === undefined ? hint : `did you mean ${meant}? ${hint}`;
  return new Failure(code, `${head}there is no limit "${name}"`, { hint: suggestion });
}
