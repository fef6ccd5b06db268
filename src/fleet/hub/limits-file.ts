/** The file of `hub start --limits` and the words of `--limit`: which limits of the hub are to be others than the defaults. */
import { z } from 'zod';
import { Failure } from '../../errors/index.ts';
import { formatLimit, limitTable, namedLimits, parseLimit, type HubOptions, type Limit } from '../../hub/index.ts';
import { closestName } from '../../std/closest.ts';
import type { JsonValue } from '../../std/json.ts';

export type LimitChoices = NonNullable<HubOptions['limits']>;

const hint = 'iotctl hub limits lists them all';

function valueOf(name: string, limit: Limit) {
  return z
    .union([z.string(), z.number()], `${name} must be a number or a text such as 10s`)
    .transform((given, context) => {
      const value = parseLimit(limit, given);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: outOfBounds(name, limit, String(given)) });
      return z.NEVER;
    });
}

function outOfBounds(name: string, limit: Limit, given: string): string {
  const [least, most] = [formatLimit(limit, limit.least), formatLimit(limit, limit.most)];
  return `${name}: "${given}" is not from ${least} to ${most}`;
}

const fileSchema = z.strictObject(
  Object.fromEntries(
    Object.entries<Readonly<Record<string, Limit>>>(limitTable).map(([group, limits]) => [
      group,
      z
        .strictObject(
          Object.fromEntries(
            Object.entries(limits).map(([name, limit]) => [name, valueOf(`${group}.${name}`, limit).optional()]),
          ),
        )
        .optional(),
    ]),
  ),
);

/** Reads `{mqtt: {connectBytes: 16KiB}}`. Failure: invalid-input, with the name that was probably meant. */
export function readLimits(value: JsonValue): LimitChoices {
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    throw unknownName('invalid-input', 'the limits file: ', [...issue.path, key].join('.'));
  }
  const path = issue?.path.join('.') ?? '';
  const wrong =
    issue?.code === 'invalid_type' ? `${path === '' ? 'it' : path} must be an object of limits` : issue?.message;
  throw new Failure('invalid-input', `the limits file: ${wrong ?? 'it cannot be read'}`, { hint });
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

function unknownName(code: 'invalid-input' | 'invalid-value', head: string, name: string): Failure {
  const names = namedLimits.map((limit) => limit.name);
  // Of a file, a whole group may be meant; --limit takes none.
  const meant = closestName(name, code === 'invalid-input' ? [...names, ...Object.keys(limitTable)] : names);
  const suggestion = meant === undefined ? hint : `did you mean ${meant}? ${hint}`;
  return new Failure(code, `${head}there is no limit "${name}"`, { hint: suggestion });
}
