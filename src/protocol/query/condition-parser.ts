import type { ComparisonOperator, Expression, Literal, PathSegment } from './ast.ts';
import type { TokenCursor } from './cursor.ts';
import { canonicalFunctionName, queryFunctions, type QueryFunction } from './functions.ts';
import { canonicalPath, type PathScope } from './names.ts';
import { describeToken, reservedWords, type Token } from './token.ts';

const comparisons: Readonly<Record<string, ComparisonOperator>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

const keywordValues: Readonly<Record<string, Literal>> = { TRUE: true, FALSE: false, NULL: null, UNDEFINED: undefined };

/** What people write from habit with another SQL, and what this language has instead. */
const habits: Readonly<Record<string, string>> = {
  NOT: 'NOT stands before a condition, the opposite of IN is NIN',
  LIKE: 'LIKE is not part of the language, use STARTSWITH, ENDSWITH or CONTAINS',
  BETWEEN: 'BETWEEN is not part of the language, use >= and <=',
  IS: 'IS is not part of the language, use IS_DEFINED or = null',
};

/**
 * Conditions and expressions, one method per level of precedence from the loosest: OR, AND, NOT, comparison and IN, sums,
 * products, sign, operand. Source: service.md §5.2.
 */
export class ConditionParser {
  readonly #cursor: TokenCursor;
  readonly #scope: PathScope;

  constructor(cursor: TokenCursor, scope: PathScope) {
    this.#cursor = cursor;
    this.#scope = scope;
  }

  parseCondition(): Expression {
    let left = this.#parseAnd();
    while (this.#cursor.takeKeyword('OR')) left = { kind: 'or', left, right: this.#parseAnd() };
    return left;
  }

  /** A path with system names in canonical case. */
  parsePath(expected = 'expected a property'): PathSegment[] {
    const first = this.#cursor.current;
    if (!isName(first) || (first.kind === 'word' && reservedWords.has(first.text.toUpperCase())))
      this.#cursor.fail(expected);
    this.#cursor.take();
    const segments = [first.text, ...this.#parseSegments()];
    return canonicalPath(segments, this.#scope) ?? this.#refuseRoot(first);
  }

  #parseAnd(): Expression {
    let left = this.#parseNot();
    while (this.#cursor.takeKeyword('AND')) left = { kind: 'and', left, right: this.#parseNot() };
    return left;
  }

  #parseNot(): Expression {
    if (!this.#cursor.takeKeyword('NOT')) return this.#parsePredicate();
    return { kind: 'not', operand: this.#cursor.nested(() => this.#parseNot()) };
  }

  #parsePredicate(): Expression {
    const left = this.#parseSum();
    const operator = this.#takeComparison();
    if (operator !== undefined) {
      const predicate: Expression = { kind: 'compare', operator, left, right: this.#parseSum() };
      this.#refuseChain();
      return predicate;
    }
    const negated = this.#cursor.isKeyword('NIN');
    if (!negated && !this.#cursor.isKeyword('IN')) {
      this.#refuseHabit();
      return left;
    }
    this.#cursor.take();
    const predicate: Expression = {
      kind: 'in',
      negated,
      operand: left,
      items: this.#parseArray(negated ? ' after NIN' : ' after IN'),
    };
    this.#refuseChain();
    return predicate;
  }

  #takeComparison(): ComparisonOperator | undefined {
    const token = this.#cursor.current;
    if (token.kind !== 'symbol' || !Object.hasOwn(comparisons, token.text)) return undefined;
    this.#cursor.take();
    if (token.text === '=' && this.#cursor.isSymbol('=')) {
      this.#cursor.refuse("equality is written with one '='", this.#cursor.current);
    }
    return comparisons[token.text];
  }

  #refuseHabit(): void {
    const token = this.#cursor.current;
    const habit = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (Object.hasOwn(habits, habit)) this.#cursor.refuse(habits[habit] ?? '', token);
  }

  #refuseChain(): void {
    const token = this.#cursor.current;
    const again =
      token.kind === 'symbol'
        ? Object.hasOwn(comparisons, token.text)
        : this.#cursor.isKeyword('IN') || this.#cursor.isKeyword('NIN');
    if (again)
      this.#cursor.fail(
        'expected AND, OR or the end of the condition (a comparison of a comparison needs parentheses)',
      );
  }

  #parseSum(): Expression {
    let left = this.#parseProduct();
    for (;;) {
      const operator = this.#cursor.takeSymbol('+') ? '+' : this.#cursor.takeSymbol('-') ? '-' : undefined;
      if (operator === undefined) return left;
      this.#cursor.countArithmetic();
      left = { kind: 'arithmetic', operator, left, right: this.#parseProduct() };
    }
  }

  #parseProduct(): Expression {
    let left = this.#parseSigned();
    for (;;) {
      const operator = this.#cursor.takeSymbol('*')
        ? '*'
        : this.#cursor.takeSymbol('/')
          ? '/'
          : this.#cursor.takeSymbol('%')
            ? '%'
            : undefined;
      if (operator === undefined) return left;
      this.#cursor.countArithmetic();
      left = { kind: 'arithmetic', operator, left, right: this.#parseSigned() };
    }
  }

  #parseSigned(): Expression {
    if (this.#cursor.takeSymbol('+')) return this.#cursor.nested(() => this.#parseSigned());
    if (!this.#cursor.takeSymbol('-')) return this.#parseOperand();
    const number = this.#cursor.current;
    if (number.kind === 'number') {
      this.#cursor.take();
      return { kind: 'literal', value: negative(number.value) };
    }
    return { kind: 'negate', operand: this.#cursor.nested(() => this.#parseSigned()) };
  }

  #parseOperand(): Expression {
    const token = this.#cursor.current;
    if (this.#cursor.takeSymbol('(')) {
      const inner = this.#cursor.nested(() => this.parseCondition());
      this.#cursor.expectSymbol(')');
      return inner;
    }
    if (this.#cursor.isSymbol('[')) return { kind: 'array', items: this.#parseArray('') };
    if (token.kind === 'word' && this.#cursor.isSymbol('(', this.#cursor.next)) return this.#parseCall(token);
    if (isLiteral(token)) {
      this.#cursor.take();
      return { kind: 'literal', value: literalValue(token) };
    }
    return {
      kind: 'path',
      segments: this.parsePath('expected a property, a value, a function or a condition in parentheses'),
    };
  }

  #parseArray(where: string): Literal[] {
    this.#cursor.expectSymbol('[', where);
    const items = [this.#parseLiteral()];
    while (this.#cursor.takeSymbol(',')) items.push(this.#parseLiteral());
    this.#cursor.expectSymbol(']', " or ',' in the list");
    return items;
  }

  #parseLiteral(): Literal {
    const minus = this.#cursor.takeSymbol('-');
    const token = this.#cursor.current;
    if (minus ? token.kind !== 'number' : !isLiteral(token))
      this.#cursor.fail('expected a string, a number, true, false, null or undefined');
    this.#cursor.take();
    return minus && token.kind === 'number' ? negative(token.value) : literalValue(token);
  }

  #parseCall(nameToken: Token): Expression {
    const name = canonicalFunctionName(nameToken.text);
    const entry = queryFunctions.get(name) ?? this.#refuseFunction(nameToken);
    this.#cursor.take();
    this.#cursor.expectSymbol('(');
    const args = this.#cursor.isSymbol(')') ? [] : this.#parseArguments(entry);
    const most = entry.repeats === true ? Number.POSITIVE_INFINITY : entry.parameters.length;
    const fewest = entry.parameters.length - (entry.optional ?? 0);
    if (args.length < fewest || args.length > most) {
      this.#cursor.refuse(`${entry.spelling} takes ${countOf(fewest, most)}, not ${args.length}`, nameToken);
    }
    this.#cursor.expectSymbol(')', " or ','");
    return { kind: 'call', name, args };
  }

  #parseArguments(entry: QueryFunction): Expression[] {
    const args: Expression[] = [];
    do {
      const wantsPath = entry.parameters[args.length] === 'path';
      args.push(
        wantsPath ? { kind: 'path', segments: this.parsePath() } : this.#cursor.nested(() => this.parseCondition()),
      );
    } while (this.#cursor.takeSymbol(','));
    return args;
  }

  #parseSegments(): PathSegment[] {
    const segments: PathSegment[] = [];
    for (;;) {
      if (this.#cursor.takeSymbol('.')) {
        const name = this.#cursor.current;
        if (!isName(name)) this.#cursor.fail("expected a name after '.'");
        segments.push(name.text);
        this.#cursor.take();
      } else if (this.#cursor.takeSymbol('[')) {
        segments.push(this.#parseIndex());
        this.#cursor.expectSymbol(']');
      } else {
        return segments;
      }
    }
  }

  #parseIndex(): number {
    const token = this.#cursor.current;
    if (token.kind !== 'number' || !/^\d{1,9}$/.test(token.text))
      this.#cursor.fail('expected an array index, a whole number from 0');
    this.#cursor.take();
    return token.value;
  }

  #refuseRoot(token: Token): never {
    const names = [...this.#scope.roots.values()].join(', ');
    return this.#cursor.refuse(`unknown property ${describeToken(token)}, expected one of ${names}`, token);
  }

  #refuseFunction(token: Token): never {
    const names = [...queryFunctions.values()].map((entry) => entry.spelling).join(', ');
    return this.#cursor.refuse(`unknown function ${describeToken(token)}, expected one of ${names}`, token);
  }
}

/** True for a token that can be a name: a word or `[[name]]`. */
export function isName(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'escaped';
}

function isLiteral(token: Token): boolean {
  return (
    token.kind === 'string' ||
    token.kind === 'number' ||
    (token.kind === 'word' && Object.hasOwn(keywordValues, token.text.toUpperCase()))
  );
}

function literalValue(token: Token): Literal {
  if (token.kind === 'string') return token.text;
  if (token.kind === 'number') return token.value;
  return keywordValues[token.text.toUpperCase()];
}

function negative(value: number): number {
  return value === 0 ? 0 : -value;
}

function countOf(fewest: number, most: number): string {
  if (most === Number.POSITIVE_INFINITY) return `at least ${fewest} arguments`;
  if (fewest !== most) return `${fewest} or ${most} arguments`;
  return fewest === 1 ? 'one argument' : `${fewest} arguments`;
}
