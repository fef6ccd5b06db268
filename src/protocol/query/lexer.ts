import { queryLimits } from './limits.ts';
import { querySyntaxError } from './syntax-error.ts';
import type { Token } from './token.ts';

const space = /[\s\uFEFF]+/y;
const word = /[\p{L}_$][\p{L}\p{N}\p{M}_$]*/uy;
const hexadecimal = /0[xX][0-9a-fA-F]+/y;
const decimal = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const symbol = /<>|!=|<=|>=|[=<>+\-*/%()[\],.]/y;
const namePart = /[\p{L}\p{N}_$]/u;

const simpleEscapes: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Cuts a text into tokens; the last one is always `end`. Throws HubError ArgumentInvalid with the place. */
export function tokenize(text: string): Token[] {
  if (text.length > queryLimits.length) {
    throw querySyntaxError(`a query has at most ${queryLimits.length} characters, this one has ${text.length}`, {
      position: queryLimits.length,
      length: 1,
    });
  }
  const tokens: Token[] = [];
  let position = skipBlank(text, 0);
  while (position < text.length) {
    const token = readToken(text, position);
    tokens.push(token);
    position = skipBlank(text, token.end);
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function skipBlank(text: string, from: number): number {
  let position = from;
  for (;;) {
    const blank = match(space, text, position);
    if (blank !== undefined) {
      position += blank.length;
    } else if (text.startsWith('/*', position)) {
      const close = text.indexOf('*/', position + 2);
      if (close < 0) throw querySyntaxError("a comment is not closed, expected '*/'", { position, length: 2 });
      position = close + 2;
    } else {
      return position;
    }
  }
}

function readToken(text: string, start: number): Token {
  const first = text.charAt(start);
  if (first === "'" || first === '"') return readString(text, start, first);
  if (text.startsWith('[[', start)) return readEscapedName(text, start);
  const name = match(word, text, start);
  if (name !== undefined) return { kind: 'word', text: name, start, end: start + name.length };
  const number = match(hexadecimal, text, start) ?? match(decimal, text, start);
  if (number !== undefined) return readNumber(text, start, number);
  const sign = match(symbol, text, start);
  if (sign !== undefined) return { kind: 'symbol', text: sign, start, end: start + sign.length };
  throw querySyntaxError(`${describeCharacter(text, start)} has no meaning here`, { position: start, length: 1 });
}

function readNumber(text: string, start: number, digits: string): Token {
  const end = start + digits.length;
  const value = Number(digits);
  if (namePart.test(text.charAt(end))) {
    throw querySyntaxError('a number is followed by a letter or digit that is not part of it', {
      position: end,
      length: 1,
    });
  }
  if (!Number.isFinite(value))
    throw querySyntaxError('the number is too large', { position: start, length: digits.length });
  return { kind: 'number', value, text: digits, start, end };
}

/** `[[anything]]`; of a longer run of `]` the last two close, so that a name may end with one. */
function readEscapedName(text: string, start: number): Token {
  let close = text.indexOf(']]', start + 2);
  if (close < 0) throw querySyntaxError("an escaped name is not closed, expected ']]'", { position: start, length: 2 });
  while (text.charAt(close + 2) === ']') close += 1;
  const name = text.slice(start + 2, close);
  if (name === '')
    throw querySyntaxError("an escaped name is empty, expected a name between '[[' and ']]'", {
      position: start,
      length: 4,
    });
  return { kind: 'escaped', text: name, start, end: close + 2 };
}

function readString(text: string, start: number, quote: string): Token {
  let value = '';
  let position = start + 1;
  for (;;) {
    const character = text.charAt(position);
    if (character === '') {
      throw querySyntaxError(`a string is not closed, expected ${quote === '"' ? 'a double' : 'a single'} quote`, {
        position: start,
        length: 1,
      });
    }
    if (character === quote) {
      // A doubled quote stands for one (target conditions, service.md §5.2).
      if (text.charAt(position + 1) !== quote) break;
      value += quote;
      position += 2;
    } else if (character === '\\') {
      const escape = readEscape(text, position);
      value += escape.value;
      position += escape.length;
    } else {
      value += character;
      position += 1;
    }
  }
  if (!value.isWellFormed()) {
    throw querySyntaxError('a string holds half of a surrogate pair', {
      position: start,
      length: position + 1 - start,
    });
  }
  return { kind: 'string', text: value, start, end: position + 1 };
}

function readEscape(text: string, position: number): { value: string; length: number } {
  const letter = text.charAt(position + 1);
  if (letter === 'u') {
    const digits = text.slice(position + 2, position + 6);
    if (/^[0-9a-fA-F]{4}$/.test(digits)) return { value: String.fromCharCode(Number.parseInt(digits, 16)), length: 6 };
    throw querySyntaxError(String.raw`expected four hexadecimal digits after \u`, { position, length: 2 });
  }
  const value = Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
  if (value === undefined) {
    throw querySyntaxError(String.raw`unknown escape in a string, expected \' \" \\ or \uXXXX`, {
      position,
      length: 2,
    });
  }
  return { value, length: 2 };
}

function match(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

function describeCharacter(text: string, position: number): string {
  const code = text.codePointAt(position) ?? 0;
  if (code === 0x3b) return 'a semicolon';
  if (/^[\p{Cc}\p{Cf}\p{Cs}]$/u.test(String.fromCodePoint(code)))
    return `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return `'${String.fromCodePoint(code)}'`;
}
