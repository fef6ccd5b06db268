import { z } from 'zod';

/** A limit of a gate: `<= 80`, or `<= 1.1 * control` for so much of what the devices show that are not updated yet. */
export interface Limit {
  readonly operator: '<' | '<=' | '>' | '>=' | '=' | '!=';
  readonly value: number;
  /** The value is a factor of the control group's. */
  readonly ofControl: boolean;
}

const pattern = /^(<=|>=|!=|<|>|=)\s*(-?\d+(?:\.\d+)?)\s*(\*\s*control)?$/;

/** undefined for a text that is no limit. */
export function parseLimit(text: string): Limit | undefined {
  const [, operator, value, control] = pattern.exec(text.trim()) ?? [];
  if (operator === undefined || value === undefined) return undefined;
  return { operator: operator as Limit['operator'], value: Number(value), ofControl: control !== undefined };
}

/** Whether a measured value keeps to a limit; undefined when the limit needs a control group and there is none. */
export function meets(limit: Limit, value: number, control: number | undefined): boolean | undefined {
  if (limit.ofControl && control === undefined) return undefined;
  const bound = limit.ofControl ? limit.value * (control ?? 0) : limit.value;
  switch (limit.operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '=':
      return value === bound;
    case '!=':
      return value !== bound;
  }
}

export const limitSchema = z
  .string()
  .refine((text) => parseLimit(text) !== undefined, 'must be a limit such as "<= 80" or "<= 1.1 * control"')
  .meta({ description: 'A limit such as "<= 80", or "<= 1.1 * control" to compare with devices not updated yet' });
