import type { JsonValue } from '../../std/json.ts';
import { compareValues, definedNumber, type QueryValue } from './values.ts';

/** What an argument must be; one of another type makes the call undefined. `path` is checked by the parser. */
export type ParameterType = 'path' | 'any' | 'array' | 'string' | 'number' | 'string or number';
type ResultType = 'boolean' | 'number' | 'string';

export interface QueryFunction {
  /** As the documentation of routing queries spells it. */
  readonly spelling: string;
  readonly parameters: readonly ParameterType[];
  /** How many parameters may be left out, from the end. */
  readonly optional?: number;
  /** The last parameter may be repeated. */
  readonly repeats?: boolean;
  readonly result: ResultType;
  readonly apply: (...args: readonly QueryValue[]) => QueryValue;
}

/** A function over texts and numbers alone; `callFunction` has checked the types before it calls. */
function scalar(
  spelling: string,
  parameters: readonly ParameterType[],
  result: ResultType,
  apply: (...args: never[]) => JsonValue | undefined,
  more: Pick<QueryFunction, 'optional' | 'repeats'> = {},
): QueryFunction {
  return { spelling, parameters, result, apply: apply as unknown as QueryFunction['apply'], ...more };
}

function typeTest(spelling: string, test: (value: QueryValue) => boolean): QueryFunction {
  return { spelling, parameters: ['any'], result: 'boolean', apply: test };
}

function numeric(spelling: string, apply: (value: number) => number): QueryFunction {
  return scalar(spelling, ['number'], 'number', (value: number) => definedNumber(apply(value)));
}

const list: readonly QueryFunction[] = [
  { spelling: 'IS_DEFINED', parameters: ['path'], result: 'boolean', apply: (value) => value !== undefined },
  typeTest('IS_NULL', (value) => value === null),
  typeTest('IS_NUMBER', (value) => typeof value === 'number'),
  typeTest('IS_STRING', (value) => typeof value === 'string'),
  typeTest('IS_BOOL', (value) => typeof value === 'boolean'),
  typeTest('IS_ARRAY', (value) => Array.isArray(value)),
  typeTest('IS_OBJECT', (value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
  typeTest('IS_PRIMITIVE', (value) => value !== undefined && (typeof value !== 'object' || value === null)),
  {
    spelling: 'ARRAY_CONTAINS',
    parameters: ['array', 'any'],
    result: 'boolean',
    apply: (array, sought) => Array.isArray(array) && array.some((item) => compareValues('=', item, sought) === true),
  },
  scalar('STARTS_WITH', ['string', 'string'], 'boolean', (text: string, prefix: string) => text.startsWith(prefix)),
  scalar('ENDS_WITH', ['string', 'string'], 'boolean', (text: string, suffix: string) => text.endsWith(suffix)),
  scalar('CONTAINS', ['string', 'string'], 'boolean', (text: string, part: string) => text.includes(part)),
  scalar('CONCAT', ['string', 'string'], 'string', (...texts: string[]) => texts.join(''), { repeats: true }),
  scalar('LENGTH', ['string'], 'number', (text: string) => Array.from(text).length),
  scalar('LOWER', ['string'], 'string', (text: string) => text.toLowerCase()),
  scalar('UPPER', ['string'], 'string', (text: string) => text.toUpperCase()),
  scalar('SUBSTRING', ['string', 'number', 'number'], 'string', substring, { optional: 1 }),
  scalar('INDEX_OF', ['string', 'string'], 'number', (text: string, part: string) => {
    const index = text.indexOf(part);
    return index < 0 ? -1 : Array.from(text.slice(0, index)).length;
  }),
  scalar('AS_NUMBER', ['string or number'], 'number', asNumber),
  numeric('ABS', Math.abs),
  numeric('CEILING', Math.ceil),
  numeric('EXP', Math.exp),
  numeric('FLOOR', Math.floor),
  scalar('POWER', ['number', 'number'], 'number', (base: number, exponent: number) => definedNumber(base ** exponent)),
  numeric('SIGN', Math.sign),
  numeric('SQRT', Math.sqrt),
  numeric('SQUARE', (value) => value * value),
];

/** The functions by canonical name: upper case, no underscores, so that both documented spellings are one. Source: service.md §5.2. */
export const queryFunctions: ReadonlyMap<string, QueryFunction> = new Map(
  list.map((entry) => [canonicalFunctionName(entry.spelling), entry]),
);

/** `is_defined` → `ISDEFINED`. */
export function canonicalFunctionName(text: string): string {
  return text.replaceAll('_', '').toUpperCase();
}

/** Calls a function of the table; an argument of the wrong type makes the result undefined. */
export function callFunction(name: string, args: readonly QueryValue[]): QueryValue {
  const entry = queryFunctions.get(name);
  if (entry === undefined) return undefined;
  const last = entry.parameters.length - 1;
  const fits = args.every((value, index) => accepts(entry.parameters[Math.min(index, last)] ?? 'any', value));
  return fits ? entry.apply(...args) : undefined;
}

function accepts(type: ParameterType, value: QueryValue): boolean {
  switch (type) {
    case 'path':
    case 'any':
      return true;
    case 'array':
      return Array.isArray(value);
    case 'string or number':
      return typeof value === 'string' || typeof value === 'number';
    case 'string':
    case 'number':
      return typeof value === type;
  }
}

/** Counts code points, from 0; what lies outside the text is empty. */
function substring(text: string, start: number, length?: number): string {
  const from = Math.max(0, Math.trunc(start));
  const to = length === undefined ? undefined : from + Math.max(0, Math.trunc(length));
  return Array.from(text).slice(from, to).join('');
}

function asNumber(value: string | number): number | undefined {
  if (typeof value === 'number') return value;
  return /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value) ? definedNumber(Number(value)) : undefined;
}
