import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, parseAssignment, parsePath, parseValue } from '../../src/std/assignment.ts';

describe('a value from the command line', () => {
  it.each([
    ['true', true],
    ['null', null],
    ['0', 0],
    ['-1.5e3', -1500],
    ['007', '007'],
    ['1.', '1.'],
    ['NaN', 'NaN'],
    ['True', 'True'],
    ['', ''],
    ['"7"', '7'],
    ["'7'", '7'],
    ["'", "'"],
    ['{"a":[1,null]}', { a: [1, null] }],
    ['[1, 2]', [1, 2]],
    ['north wing', 'north wing'],
    ['9007199254740993', '9007199254740993'],
    ['1e400', '1e400'],
  ])('reads %s', (text, value) => {
    expect(parseValue(text)).toEqual(value);
  });

  it('gives back every JSON value it is given as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        const text = JSON.stringify(value);
        if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return;
        expect(parseValue(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('when JSON is broken or reaches for the prototype, then it says so', () => {
    expect(() => parseValue('{"a":')).toThrow(SyntaxError);
    expect(() => parseValue('{"__proto__":{"x":1}}')).toThrow(SyntaxError);
  });
});

describe('key=value', () => {
  it('nests by dots, and a backslash keeps a dot', () => {
    expect(parseAssignment('site.room=12')).toEqual({ path: ['site', 'room'], value: 12 });
    expect(parseAssignment(String.raw`a\.b.c=x=y`)).toEqual({ path: ['a.b', 'c'], value: 'x=y' });
  });

  it.each(['novalue', '=1', 'a..b=1', '.a=1', 'a.=1', '__proto__.x=1', 'a.constructor=1', 'prototype=1', 'a={'])(
    'refuses %s',
    (text) => {
      expect(() => parseAssignment(text)).toThrow(SyntaxError);
    },
  );

  it('finds every path it is given again', () => {
    const name = fc
      .string({ minLength: 1 })
      .filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (path) => {
        const written = path
          .map((part) => part.replaceAll('\\', String.raw`\\`).replaceAll('.', String.raw`\.`))
          .join('.');
        expect(parsePath(written)).toEqual(path);
      }),
    );
  });

  it('merges several, the last one wins, and a value in the way is named', () => {
    expect(assemble(['a.b=1', 'a.c=2', 'a.b=3'].map(parseAssignment))).toEqual({ a: { b: 3, c: 2 } });
    expect(() => assemble(['a=1', 'a.b=2'].map(parseAssignment))).toThrow(/a\.b needs a to be an object/);
    expect(Object.keys(assemble([parseAssignment('toString=1')]))).toEqual(['toString']);
  });
});
