import { sql } from 'kysely';
import { queryFunctions, type Expression, type ParameterType } from '../../../../protocol/query/index.ts';
import { isScalar, sqlFunctionName } from '../thread/functions.ts';
import { balanced, firstOf, undefinedSql, type Sql, type TypedSql } from './typed-sql.ts';

/** Compiles one expression; given by the caller, because functions hold expressions. */
export type Compile = (expression: Expression) => TypedSql;

const typeTests: Readonly<Record<string, readonly (keyof TypedSql)[]>> = {
  ISNULL: ['isNull'],
  ISNUMBER: ['number'],
  ISSTRING: ['string'],
  ISBOOL: ['boolean'],
  ISARRAY: ['array'],
  ISOBJECT: ['object'],
  ISPRIMITIVE: ['string', 'number', 'boolean', 'isNull'],
};

const anyType: readonly (keyof TypedSql)[] = ['string', 'number', 'boolean', 'isNull', 'array', 'object'];

/** A call of a function of the language. What it cannot be called with makes it undefined, as in the evaluator. */
export function callSql(name: string, args: readonly Expression[], compile: Compile): TypedSql {
  const values = args.map((argument) => compile(argument));
  const [first = {}, second = {}] = values;
  if (name === 'ISDEFINED') return { boolean: first.defined ?? isPresent(first, anyType) };
  const types = Object.hasOwn(typeTests, name) ? typeTests[name] : undefined;
  if (types !== undefined) return { boolean: isPresent(first, types) };
  if (name === 'ARRAYCONTAINS') return first.array === undefined ? {} : { boolean: arrayContains(first.array, second) };
  if (first.string !== undefined && second.string !== undefined) {
    if (name === 'CONTAINS') return { boolean: sql`(instr(${first.string}, ${second.string}) > 0)` };
    if (name === 'STARTSWITH') return { boolean: startsWith(first, second.string, args[1]) };
  }
  return scalarCall(name, values);
}

function scalarCall(name: string, values: readonly TypedSql[]): TypedSql {
  const entry = queryFunctions.get(name);
  if (entry === undefined || !isScalar(entry)) return {};
  const last = entry.parameters.length - 1;
  const args = values.map((value, index) => argumentOf(entry.parameters[Math.min(index, last)], value));
  if (args.includes(undefinedSql)) return {};
  return { [entry.result]: sql`${sql.raw(sqlFunctionName(name))}(${sql.join(args)})` };
}

function argumentOf(type: ParameterType | undefined, value: TypedSql): Sql {
  if (type === 'string') return value.string ?? undefinedSql;
  if (type === 'number') return value.number ?? undefinedSql;
  return firstOf([value.number, value.string]);
}

function isPresent(value: TypedSql, types: readonly (keyof TypedSql)[]): Sql {
  const forms = types.map((type) => value[type]).filter((form) => form !== undefined);
  return forms.length === 0 ? sql`0` : sql`(${firstOf(forms)} IS NOT NULL)`;
}

/** Over an indexed column a range, which the index answers; elsewhere the text is searched. */
function startsWith(value: TypedSql, prefixSql: Sql, prefix: Expression | undefined): Sql {
  if (value.indexed !== undefined && prefix?.kind === 'literal' && typeof prefix.value === 'string') {
    const end = afterPrefix(prefix.value);
    if (end !== undefined) return sql`(${value.indexed} >= ${prefix.value} AND ${value.indexed} < ${end})`;
  }
  return sql`(instr(${value.string ?? undefinedSql}, ${prefixSql}) = 1)`;
}

/** The least text above all that begin with the prefix; undefined when there is no simple one. */
function afterPrefix(prefix: string): string | undefined {
  const characters = Array.from(prefix);
  const last = characters.pop()?.codePointAt(0);
  // The code points before the surrogates and at the end of Unicode have no next one that is a character.
  if (last === undefined || last === 0xd7ff || last === 0x10ffff) return undefined;
  return characters.join('') + String.fromCodePoint(last + 1);
}

function arrayContains(array: Sql, sought: TypedSql): Sql {
  const alternatives = [
    sought.string === undefined ? undefined : sql`(item.type = 'text' AND item.value = ${sought.string})`,
    sought.number === undefined
      ? undefined
      : sql`(item.type IN ('integer', 'real') AND CAST(item.value AS REAL) = ${sought.number})`,
    sought.boolean === undefined
      ? undefined
      : sql`(item.type = iif(${sought.boolean}, 'true', 'false') AND ${sought.boolean} IS NOT NULL)`,
    sought.isNull === undefined ? undefined : sql`(item.type = 'null' AND ${sought.isNull})`,
  ].filter((alternative) => alternative !== undefined);
  if (alternatives.length === 0) return sql`iif(${array} IS NULL, NULL, 0)`;
  const found = sql`EXISTS (SELECT 1 FROM json_each(${array}) AS item WHERE ${balanced('OR', alternatives)})`;
  return sql`iif(${array} IS NULL, NULL, ${found})`;
}
