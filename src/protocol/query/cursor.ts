import { tokenize } from './lexer.ts';
import { queryLimits } from './limits.ts';
import { querySyntaxError } from './syntax-error.ts';
import { describeToken, type Token } from './token.ts';

/** Reads tokens one by one for the parser, and keeps its bounds. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  #index = 0;
  #nesting = 0;
  #arithmetic = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  get current(): Token {
    return this.#at(this.#index);
  }

  get next(): Token {
    return this.#at(this.#index + 1);
  }

  take(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.#index += 1;
    return token;
  }

  isKeyword(keyword: string, token = this.current): boolean {
    return token.kind === 'word' && token.text.toUpperCase() === keyword;
  }

  isSymbol(symbol: string, token = this.current): boolean {
    return token.kind === 'symbol' && token.text === symbol;
  }

  takeKeyword(keyword: string): boolean {
    if (!this.isKeyword(keyword)) return false;
    this.take();
    return true;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.take();
    return true;
  }

  expectKeyword(keyword: string): void {
    if (!this.takeKeyword(keyword)) this.fail(`expected ${keyword}`);
  }

  expectSymbol(symbol: string, why = ''): void {
    if (!this.takeSymbol(symbol)) this.fail(`expected '${symbol}'${why}`);
  }

  /** Throws: what was expected, what stands there, and where. */
  fail(expected: string, token = this.current): never {
    throw querySyntaxError(`${expected}, found ${describeToken(token)}`, placeOf(token));
  }

  /** Throws about a token that is well-formed but not allowed. */
  refuse(message: string, token: Token): never {
    throw querySyntaxError(message, placeOf(token));
  }

  /** Runs a step one level deeper; the parser's own recursion passes here, so a text cannot exhaust the stack. */
  nested<T>(step: () => T): T {
    if (this.#nesting >= queryLimits.nesting)
      this.refuse(`more than ${queryLimits.nesting} levels of nesting`, this.current);
    this.#nesting += 1;
    const result = step();
    this.#nesting -= 1;
    return result;
  }

  countArithmetic(): void {
    this.#arithmetic += 1;
    if (this.#arithmetic > queryLimits.arithmetic) {
      this.refuse(`more than ${queryLimits.arithmetic} arithmetic operators`, this.current);
    }
  }

  #at(index: number): Token {
    const token = this.#tokens[index] ?? this.#tokens.at(-1);
    if (token === undefined) throw new RangeError('a token list ends with its end');
    return token;
  }
}

function placeOf(token: Token): { position: number; length: number } {
  return { position: token.start, length: Math.max(1, token.end - token.start) };
}
