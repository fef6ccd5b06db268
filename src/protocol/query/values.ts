/**
 * Values of the language and how they compare. Undefined is a value: what a path that leads nowhere gives, and what an
 * operation on the wrong types gives. A predicate is true, false or undefined; only true selects. Source: service.md §5.2.
 */
import type { JsonValue } from '../../std/json.ts';
import type { ArithmeticOperator, ComparisonOperator, PathSegment } from './ast.ts';

export type QueryValue = JsonValue | undefined;

/** Compares two values of the same primitive type; anything else is undefined. Null knows only `=` and `!=`. */
export function compareValues(operator: ComparisonOperator, left: QueryValue, right: QueryValue): boolean | undefined {
  if (typeof left === 'number' && typeof right === 'number')
    return holds(operator, Math.sign(left - right) || 0, left === right);
  if (typeof left === 'string' && typeof right === 'string')
    return holds(operator, compareText(left, right), left === right);
  if (typeof left === 'boolean' && typeof right === 'boolean')
    return holds(operator, Number(left) - Number(right), left === right);
  if (left === null && right === null) return operator === '=' ? true : operator === '!=' ? false : undefined;
  return undefined;
}

function holds(operator: ComparisonOperator, order: number, equal: boolean): boolean {
  switch (operator) {
    case '=':
      return equal;
    case '!=':
      return !equal;
    case '<':
      return !equal && order < 0;
    case '<=':
      return equal || order < 0;
    case '>':
      return !equal && order > 0;
    case '>=':
      return equal || order > 0;
  }
}

/** Order by code point, as UTF-8 bytes order; JavaScript's own `<` orders by UTF-16 unit. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  let index = 0;
  while (index < length && left.charCodeAt(index) === right.charCodeAt(index)) index += 1;
  if (index === length) return left.length - right.length;
  if (index > 0 && isHighSurrogate(left.charCodeAt(index - 1))) {
    const whole = (left.codePointAt(index - 1) ?? 0) - (right.codePointAt(index - 1) ?? 0);
    if (whole !== 0) return whole;
  }
  return (left.codePointAt(index) ?? 0) - (right.codePointAt(index) ?? 0);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Numbers only; a division by zero, and whatever else is not a number, is undefined. */
export function calculate(operator: ArithmeticOperator, left: QueryValue, right: QueryValue): number | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  return definedNumber(operate(operator, left, right));
}

function operate(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? Number.NaN : left / right;
    case '%':
      return left % right;
  }
}

/** NaN is undefined. */
export function definedNumber(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

/**
 * Membership: true when an item of the operand's type equals it, false when items of its type are there but none equals,
 * undefined when there is none to compare with. So `x IN [a]` is `x = a`.
 */
export function isOneOf(operand: QueryValue, items: readonly QueryValue[]): boolean | undefined {
  let result: boolean | undefined;
  for (const item of items) {
    const equal = compareValues('=', operand, item);
    if (equal === true) return true;
    result ??= equal;
  }
  return result;
}

/** Walks a document by own members only; text, numbers and null have none. */
export function readPath(document: QueryValue, segments: readonly PathSegment[]): QueryValue {
  let value = document;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) {
      if (typeof segment !== 'number') return undefined;
      value = value[segment];
    } else {
      if (typeof segment !== 'string' || !Object.hasOwn(value, segment)) return undefined;
      value = value[segment];
    }
  }
  return value;
}
