/** Random trees of the query language and random values to run them over. */
import * as fc from 'fast-check';
import {
  queryFunctions,
  type Expression,
  type Literal,
  type PathSegment,
  type Query,
  type SelectItem,
} from '../../../src/protocol/query/index.ts';
import type { JsonObject, JsonValue } from '../../../src/std/json.ts';

/** Texts that are likely to meet each other, and some that are hard: quotes, NUL, outside the BMP, beside the surrogates. */
const words = [
  'a',
  'b',
  'ab',
  'abc',
  'B',
  '',
  ' ',
  "it's",
  '"',
  '\\',
  '%',
  '\u0000',
  'a\u0000b',
  'é',
  '\uFFFD',
  '😀',
  '10',
  '1e3',
  'true',
  'null',
];
export const text = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
);
const number = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(0, 1, -1, 2, 3, 0.5, 10, 1e3, 2 ** 53, 2 ** 60, 1e21, 5e-324) },
  {
    weight: 1,
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  },
  { weight: 1, arbitrary: fc.integer() },
);

const literal: fc.Arbitrary<Literal> = fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.constant(undefined));

/** Member names: few, so that paths meet them, and some that need escaping. */
const memberName = fc.constantFrom(
  'a',
  'b',
  'c',
  'A',
  'group',
  'x-y',
  '__proto__',
  'constructor',
  'q"t',
  'b\\s',
  'é',
  '[0]',
  '0',
  'end]',
);

/** A value as a twin may hold it, with null too, which only messages have. */
const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'json' },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3, depthIdentifier: 'json' }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(memberName, tie('value')), { maxLength: 4, depthIdentifier: 'json' })
    .map((entries) => Object.fromEntries(entries)),
})).value;

const jsonObject: fc.Arbitrary<JsonObject> = fc
  .array(fc.tuple(memberName, jsonValue), { maxLength: 5 })
  .map((entries) => Object.fromEntries(entries));

/** A document whose members `a` to `d` are nearly always there: a text, a number, an array, anything. */
export const denseObject: fc.Arbitrary<JsonObject> = fc
  .tuple(
    jsonObject,
    fc.record(
      {
        a: fc.constantFrom(...words),
        b: number,
        c: fc.array(fc.oneof(text, number, fc.boolean(), fc.constant(null)), { maxLength: 4 }),
        d: fc.oneof(text, number, fc.boolean()),
      },
      { requiredKeys: ['a', 'b'] },
    ),
  )
  .map(([some, dense]) => ({ ...some, ...dense }));

const scalarPaths: readonly (readonly string[])[] = [
  ['deviceId'],
  ['etag'],
  ['deviceEtag'],
  ['status'],
  ['statusReason'],
  ['statusUpdateTime'],
  ['connectionState'],
  ['lastActivityTime'],
  ['cloudToDeviceMessageCount'],
  ['authenticationType'],
  ['version'],
  ['modelId'],
  ['capabilities'],
  ['capabilities', 'iotEdge'],
  ['capabilities', 'other'],
  ['x509Thumbprint'],
  ['x509Thumbprint', 'primaryThumbprint'],
  ['x509Thumbprint', 'secondaryThumbprint'],
  ['deviceScope'],
  ['parentScopes'],
  ['configurations', 'base', 'status'],
  ['deviceId', 'inner'],
  ['properties'],
];

const documentRoots: readonly (readonly string[])[] = [
  ['tags'],
  ['properties', 'desired'],
  ['properties', 'reported'],
  ['properties', 'desired', '$version'],
  ['properties', 'reported', '$metadata'],
  ['properties', 'desired', '$metadata', '$lastUpdated'],
];

const step: fc.Arbitrary<PathSegment> = fc.oneof(
  { weight: 4, arbitrary: memberName },
  { weight: 1, arbitrary: fc.nat({ max: 2 }) },
);

export const path: fc.Arbitrary<readonly PathSegment[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...scalarPaths) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...documentRoots), fc.array(step, { maxLength: 3 }))
      .map(([root, steps]) => [...root, ...steps]),
  },
);

const nearPath: fc.Arbitrary<readonly PathSegment[]> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...documentRoots.slice(0, 3)), fc.constantFrom('a', 'b', 'b', 'c', 'd'))
      .map(([root, name]) => [...root, name]),
  },
  { weight: 1, arbitrary: fc.constantFrom(...scalarPaths) },
  { weight: 1, arbitrary: path },
);

const pathExpression = path.map((segments): Expression => ({ kind: 'path', segments }));

/** Any expression the parser can give. */
export const expression: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression; call: Expression }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      literal.map((value): Expression => ({ kind: 'literal', value })),
      pathExpression,
    ),
    fc.oneof(
      tie('any').map((operand): Expression => ({ kind: 'not', operand })),
      tie('any').map((operand): Expression => ({ kind: 'negate', operand })),
      fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('any'), right: tie('any') }),
      fc.record({
        kind: fc.constant('compare' as const),
        operator: fc.constantFrom(
          '=' as const,
          '!=' as const,
          '<' as const,
          '<=' as const,
          '>' as const,
          '>=' as const,
        ),
        left: tie('any'),
        right: tie('any'),
      }),
      fc.record({
        kind: fc.constant('arithmetic' as const),
        operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '%' as const),
        left: tie('any'),
        right: tie('any'),
      }),
      fc.record({
        kind: fc.constant('in' as const),
        negated: fc.boolean(),
        operand: tie('any'),
        items: fc.array(literal, { minLength: 1, maxLength: 3 }),
      }),
      fc.array(literal, { minLength: 1, maxLength: 3 }).map((items): Expression => ({ kind: 'array', items })),
      tie('call'),
    ),
  ),
  call: fc.constantFrom(...queryFunctions.entries()).chain(([name, entry]) => {
    const given = fc.integer({
      min: entry.parameters.length - (entry.optional ?? 0),
      max: entry.parameters.length + (entry.repeats === true ? 2 : 0),
    });
    return given
      .chain((count) =>
        fc.tuple(
          ...Array.from({ length: count }, (_, index) =>
            entry.parameters[index] === 'path' ? pathExpression : tie('any'),
          ),
        ),
      )
      .map((args): Expression => ({ kind: 'call', name, args }));
  }),
})).any;

const comparison = fc.constantFrom(
  '=' as const,
  '!=' as const,
  '<' as const,
  '<=' as const,
  '>' as const,
  '>=' as const,
);
const fitting = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 4, arbitrary: number },
  { weight: 1, arbitrary: literal },
);
const literalExpression = fitting.map((value): Expression => ({ kind: 'literal', value }));
const numberExpression = number.map((value): Expression => ({ kind: 'literal', value }));
const textExpression = text.map((value): Expression => ({ kind: 'literal', value }));

function callOf(names: readonly string[], ...args: readonly fc.Arbitrary<Expression>[]): fc.Arbitrary<Expression> {
  return fc.tuple(fc.constantFrom(...names), ...args).map(([name, ...given]) => ({ kind: 'call', name, args: given }));
}

const near = nearPath.map((segments): Expression => ({ kind: 'path', segments }));

/** Values computed from paths, of the types the operators want. */
const derived: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 6, arbitrary: near },
  { weight: 1, arbitrary: callOf(['LOWER', 'UPPER', 'LENGTH'], near) },
  { weight: 1, arbitrary: callOf(['CONCAT', 'INDEXOF'], near, textExpression) },
  { weight: 1, arbitrary: callOf(['ABS', 'FLOOR', 'ASNUMBER', 'SIGN', 'SQRT'], near) },
  { weight: 1, arbitrary: callOf(['SUBSTRING'], near, numberExpression, numberExpression) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('arithmetic' as const),
      operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '%' as const),
      left: near,
      right: numberExpression,
    }),
  },
);

const predicate: fc.Arbitrary<Expression> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('compare' as const),
      operator: comparison,
      left: derived,
      right: literalExpression,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('compare' as const),
      operator: comparison,
      left: derived,
      right: derived,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('in' as const),
      negated: fc.boolean(),
      operand: derived,
      items: fc.array(fitting, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: callOf(['STARTSWITH', 'ENDSWITH', 'CONTAINS'], derived, textExpression) },
  { weight: 1, arbitrary: callOf(['ARRAYCONTAINS'], near, fc.oneof(literalExpression, near)) },
  {
    weight: 2,
    arbitrary: callOf(
      ['ISDEFINED', 'ISNULL', 'ISNUMBER', 'ISSTRING', 'ISBOOL', 'ISARRAY', 'ISOBJECT', 'ISPRIMITIVE'],
      near,
    ),
  },
  { weight: 1, arbitrary: near },
);

/** A condition as a person might write it: its types mostly fit, so that it selects some devices and not others. */
export const condition: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    predicate,
    tie('any').map((operand): Expression => ({ kind: 'not', operand })),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('any'), right: tie('any') }),
  ),
})).any;

const alias = fc.oneof(fc.constantFrom('n', 'site', 'count', 'from', '$1', 'x y', '__proto__'), memberName);

const pathItem: fc.Arbitrary<SelectItem> = fc.record({
  kind: fc.constant('path' as const),
  segments: path,
  name: alias,
});
const aggregateItem: fc.Arbitrary<SelectItem> = fc.oneof(
  fc.record({
    kind: fc.constant('aggregate' as const),
    aggregate: fc.constant('COUNT' as const),
    segments: fc.constant(undefined),
    name: alias,
  }),
  fc.record({
    kind: fc.constant('aggregate' as const),
    aggregate: fc.constantFrom('AVG' as const, 'SUM' as const, 'MIN' as const, 'MAX' as const),
    segments: path,
    name: alias,
  }),
);

const unique = { minLength: 1, maxLength: 4, selector: (item: SelectItem): string => item.name };
const common = {
  top: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
  where: fc.option(expression, { nil: undefined }),
};

/** Any query the parser can give. */
export const query: fc.Arbitrary<Query> = fc.oneof(
  fc.record({
    ...common,
    source: fc.constantFrom('devices' as const, 'devices.modules' as const),
    select: fc.oneof(fc.constant('all' as const), fc.uniqueArray(pathItem, unique)),
    groupBy: fc.constant([]),
  }),
  fc.record({
    ...common,
    source: fc.constant('devices' as const),
    select: fc.uniqueArray(aggregateItem, unique),
    groupBy: fc.array(path, { maxLength: 2 }),
  }),
);
