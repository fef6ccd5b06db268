import type { Expression, PathSegment } from './ast.ts';
import { callFunction } from './functions.ts';
import { calculate, compareValues, definedNumber, isOneOf, type QueryValue } from './values.ts';

/** Answers a path (system names in canonical case) with the value there, or undefined. */
export type PathResolver = (segments: readonly PathSegment[]) => QueryValue;

/** True when the condition holds: neither false nor undefined. This is the reference the SQL compiler is tested against. */
export function evaluate(condition: Expression, resolve: PathResolver): boolean {
  return evaluateValue(condition, resolve) === true;
}

/** The value of an expression; undefined where a path leads nowhere or the types do not fit. */
export function evaluateValue(expression: Expression, resolve: PathResolver): QueryValue {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'array':
      return expression.items.filter((item) => item !== undefined);
    case 'path':
      return resolve(expression.segments);
    case 'not':
      return negation(truth(evaluateValue(expression.operand, resolve)));
    case 'negate': {
      const value = evaluateValue(expression.operand, resolve);
      return typeof value === 'number' ? definedNumber(-value) : undefined;
    }
    case 'and':
    case 'or':
      return evaluateChain(expression, resolve);
    case 'compare':
      return compareValues(
        expression.operator,
        evaluateValue(expression.left, resolve),
        evaluateValue(expression.right, resolve),
      );
    case 'arithmetic':
      return calculate(
        expression.operator,
        evaluateValue(expression.left, resolve),
        evaluateValue(expression.right, resolve),
      );
    case 'in': {
      const member = isOneOf(evaluateValue(expression.operand, resolve), expression.items);
      return expression.negated ? negation(member) : member;
    }
    case 'call':
      return callFunction(
        expression.name,
        expression.args.map((argument) => evaluateValue(argument, resolve)),
      );
  }
}

/** AND ends at the first false, OR at the first true; otherwise one undefined makes the whole undefined. */
function evaluateChain(expression: Expression & { kind: 'and' | 'or' }, resolve: PathResolver): boolean | undefined {
  const decisive = expression.kind === 'or';
  let result: boolean | undefined = !decisive;
  for (const operand of chainOperands(expression)) {
    const value = truth(evaluateValue(operand, resolve));
    if (value === decisive) return decisive;
    if (value === undefined) result = undefined;
  }
  return result;
}

/** The operands of `a AND b AND c`, in order; a chain is as long as its text allows, so it is walked, not recursed. */
export function chainOperands(expression: Expression & { kind: 'and' | 'or' }): Expression[] {
  const operands: Expression[] = [];
  let left: Expression = expression;
  while (left.kind === expression.kind) {
    const chain = left as Expression & { kind: 'and' | 'or' };
    operands.push(chain.right);
    left = chain.left;
  }
  operands.push(left);
  return operands.toReversed();
}

function truth(value: QueryValue): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function negation(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}
