import { sql } from 'kysely';
import {
  chainOperands,
  type ArithmeticOperator,
  type ComparisonOperator,
  type Expression,
  type Literal,
} from '../../../../protocol/query/index.ts';
import { stampFunctions } from '../thread/functions.ts';
import { callSql } from './calls.ts';
import { pathSql } from './paths.ts';
import { balanced, firstOf, undefinedSql, type Sql, type TypedSql } from './typed-sql.ts';

const comparableTypes = ['string', 'number', 'boolean'] as const;

/** A condition as SQL: 1, 0, or NULL for undefined. Values and paths are bound; names of columns come from this room alone. */
export function conditionSql(condition: Expression): Sql {
  return expressionSql(condition).boolean ?? undefinedSql;
}

/** Any expression as SQL, by the rules of the reference evaluator. */
function expressionSql(expression: Expression): TypedSql {
  switch (expression.kind) {
    case 'literal':
      return literalSql(expression.value);
    case 'array':
      return { array: sql`${JSON.stringify(expression.items.filter((item) => item !== undefined))}` };
    case 'path':
      return pathSql(expression.segments).typed;
    case 'not':
      return { boolean: sql`(NOT ${conditionSql(expression.operand)})` };
    case 'negate':
      return negateSql(expressionSql(expression.operand));
    case 'and':
    case 'or': {
      const operands = chainOperands(expression).map((operand) => conditionSql(operand));
      return { boolean: balanced(expression.kind === 'and' ? 'AND' : 'OR', operands) };
    }
    case 'compare':
      return {
        boolean: compareSql(expression.operator, expressionSql(expression.left), expressionSql(expression.right)),
      };
    case 'arithmetic':
      return arithmeticSql(expression.operator, expressionSql(expression.left), expressionSql(expression.right));
    case 'in': {
      const member = memberSql(expressionSql(expression.operand), expression.items);
      return { boolean: expression.negated ? sql`(NOT ${member})` : member };
    }
    case 'call':
      return callSql(expression.name, expression.args, expressionSql);
  }
}

function literalSql(value: Literal): TypedSql {
  if (typeof value === 'string') return { string: sql`${value}` };
  if (typeof value === 'number') return { number: sql`${value}` };
  if (typeof value === 'boolean') return { boolean: value ? sql`1` : sql`0` };
  return value === null ? { isNull: sql`1` } : {};
}

/** One comparison for each type both sides may have; at most one of them is not NULL. */
function compareSql(operator: ComparisonOperator, left: TypedSql, right: TypedSql): Sql {
  const comparisons = comparableTypes.map((type) => {
    const [one, other] = [left[type], right[type]];
    return one === undefined || other === undefined ? undefined : sql`(${one} ${sql.raw(operator)} ${other})`;
  });
  return firstOf([...comparisons, compareNulls(operator, left.isNull, right.isNull)]);
}

function compareNulls(operator: ComparisonOperator, left: Sql | undefined, right: Sql | undefined): Sql | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (operator === '=') return sql`(${left} AND ${right})`;
  return operator === '!=' ? sql`(NOT (${left} AND ${right}))` : undefined;
}

function memberSql(operand: TypedSql, items: readonly Literal[]): Sql {
  const texts = items.filter((item) => typeof item === 'string');
  const numbers = items.filter((item) => typeof item === 'number');
  const truths = items.filter((item) => typeof item === 'boolean').map(Number);
  return firstOf([
    oneOf(operand.string, texts),
    oneOf(operand.number, numbers),
    oneOf(operand.boolean, truths),
    items.includes(null) ? operand.isNull : undefined,
  ]);
}

function oneOf(operand: Sql | undefined, items: readonly (string | number)[]): Sql | undefined {
  return operand === undefined || items.length === 0 ? undefined : sql`(${operand} IN (${sql.join(items)}))`;
}

function negateSql(operand: TypedSql): TypedSql {
  return operand.number === undefined ? {} : { number: sql`(- ${operand.number})` };
}

/** In REAL throughout: SQLite would divide integers to an integer, and keep more digits of a sum than a double has. */
function arithmeticSql(operator: ArithmeticOperator, left: TypedSql, right: TypedSql): TypedSql {
  if (left.number === undefined || right.number === undefined) return {};
  const operands = [sql`CAST(${left.number} AS REAL)`, sql`CAST(${right.number} AS REAL)`] as const;
  if (operator === '%') return { number: sql`${sql.raw(stampFunctions.remainder)}(${operands[0]}, ${operands[1]})` };
  return { number: sql`(${operands[0]} ${sql.raw(operator)} ${operands[1]})` };
}
