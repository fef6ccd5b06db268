import { HubError } from '../hub-errors.ts';
import type { Expression, Literal, PathSegment, Query, SelectItem } from './ast.ts';
import { chainOperands } from './evaluate.ts';
import { queryFunctions } from './functions.ts';
import { plainName, reservedWords } from './token.ts';

/** How tightly a form binds; a looser one inside a tighter one needs parentheses. */
const binding = { or: 1, and: 2, not: 3, predicate: 4, sum: 5, product: 6, sign: 7, operand: 8 } as const;

/** Writes a query so that it parses to the same tree. Throws HubError ArgumentInvalid for a name the language cannot write. */
export function formatQuery(query: Query): string {
  const clauses = ['SELECT'];
  if (query.top !== undefined) clauses.push(`TOP ${query.top}`);
  clauses.push(
    query.select === 'all' ? '*' : query.select.map((item) => formatItem(item)).join(', '),
    `FROM ${query.source}`,
  );
  if (query.where !== undefined) clauses.push(`WHERE ${formatExpression(query.where)}`);
  if (query.groupBy.length > 0)
    clauses.push(`GROUP BY ${query.groupBy.map((segments) => formatPath(segments)).join(', ')}`);
  return clauses.join(' ');
}

/** Writes a condition; functions in the spelling twin queries take (`STARTSWITH`, but `IS_DEFINED`). */
export function formatExpression(expression: Expression): string {
  return write(expression, binding.or);
}

function formatItem(item: SelectItem): string {
  if (item.kind === 'path') {
    const path = formatPath(item.segments);
    return item.segments.at(-1) === item.name ? path : `${path} AS ${formatName(item.name)}`;
  }
  const argument = item.segments === undefined ? '' : formatPath(item.segments);
  return `${item.aggregate}(${argument}) AS ${formatName(item.name)}`;
}

/** Writes a path, with `[[ ]]` around names that need it. */
export function formatPath(segments: readonly PathSegment[]): string {
  return segments
    .map((segment, index) =>
      typeof segment === 'number' ? `[${segment}]` : `${index === 0 ? '' : '.'}${formatName(segment)}`,
    )
    .join('');
}

function formatName(name: string): string {
  if (plainName.test(name) && !reservedWords.has(name.toUpperCase())) return name;
  // `]]` inside a name would end it early; at its very end the lexer takes the longer reading.
  if (name === '' || name.replace(/\]+$/, '').includes(']]')) {
    throw new HubError(
      'ArgumentInvalid',
      'a name that is empty or holds two closing brackets cannot be written in a query',
    );
  }
  return `[[${name}]]`;
}

function write(expression: Expression, level: number): string {
  const [text, own] = writeForm(expression);
  return own < level ? `(${text})` : text;
}

function writeForm(expression: Expression): [text: string, level: number] {
  switch (expression.kind) {
    case 'literal':
      return [formatLiteral(expression.value), binding.operand];
    case 'array':
      return [formatList(expression.items), binding.operand];
    case 'path':
      return [formatPath(expression.segments), binding.operand];
    case 'not':
      return [`NOT ${write(expression.operand, binding.not)}`, binding.not];
    case 'negate':
      return [writeNegation(expression.operand), binding.sign];
    case 'and':
    case 'or': {
      const level = binding[expression.kind];
      const operands = chainOperands(expression).map((operand, index) =>
        write(operand, index === 0 ? level : level + 1),
      );
      return [operands.join(expression.kind === 'and' ? ' AND ' : ' OR '), level];
    }
    case 'compare':
      return [
        `${write(expression.left, binding.sum)} ${expression.operator} ${write(expression.right, binding.sum)}`,
        binding.predicate,
      ];
    case 'arithmetic': {
      const level = expression.operator === '+' || expression.operator === '-' ? binding.sum : binding.product;
      return [`${write(expression.left, level)} ${expression.operator} ${write(expression.right, level + 1)}`, level];
    }
    case 'in':
      return [
        `${write(expression.operand, binding.sum)} ${expression.negated ? 'NIN' : 'IN'} ${formatList(expression.items)}`,
        binding.predicate,
      ];
    case 'call':
      return [
        `${formatFunction(expression.name)}(${expression.args.map((argument) => formatExpression(argument)).join(', ')})`,
        binding.operand,
      ];
  }
}

/** A minus before a number would be read as part of it, so a negated number stands in parentheses. */
function writeNegation(operand: Expression): string {
  const isNumber = operand.kind === 'literal' && typeof operand.value === 'number';
  return isNumber ? `-(${formatLiteral(operand.value)})` : `-${write(operand, binding.sign)}`;
}

function formatFunction(name: string): string {
  const spelling = queryFunctions.get(name)?.spelling ?? name;
  return spelling === 'STARTS_WITH' || spelling === 'ENDS_WITH' ? name : spelling;
}

function formatList(items: readonly Literal[]): string {
  return `[${items.map((item) => formatLiteral(item)).join(', ')}]`;
}

function formatLiteral(value: Literal): string {
  if (typeof value !== 'string') return String(value);
  const escaped = value.replaceAll(/['\\]|[\p{Cc}\p{Zl}\p{Zp}]/gu, (character) =>
    character === "'" || character === '\\'
      ? `\\${character}`
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${escaped}'`;
}
