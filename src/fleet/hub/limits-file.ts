/** The file of `hub start --limits`: which limits of the hub are to be others than the defaults. Loaded only for one: it brings zod. */
import { z } from 'zod';
import { Failure } from '../../errors/index.ts';
import { limitTable, parseLimit, type Limit } from '../../hub/index.ts';
import type { JsonValue } from '../../std/json.ts';
import { hint, outOfBounds, unknownName, type LimitChoices } from './limit-words.ts';

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

/** See `readLimits`. */
export function parseLimitsFile(value: JsonValue): LimitChoices {
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
