/** Syntax tree of the IoT Hub query language. Source: service.md §5.2. */

export type Literal = string | number | boolean | null | undefined;

/** One step of a path: a member name or an array index. */
export type PathSegment = string | number;

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type AggregateName = 'COUNT' | 'AVG' | 'SUM' | 'MIN' | 'MAX';

export type Expression =
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'array'; readonly items: readonly Literal[] }
  /** `tags.site`, `properties.reported.a[0]`; system names are stored in their canonical case. */
  | { readonly kind: 'path'; readonly segments: readonly PathSegment[] }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'negate'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'in'; readonly negated: boolean; readonly operand: Expression; readonly items: readonly Literal[] }
  /** Function name in canonical upper case without underscores: `ISDEFINED`, `STARTSWITH`, … */
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

export type SelectItem =
  | { readonly kind: 'path'; readonly segments: readonly PathSegment[]; readonly name: string }
  | {
      readonly kind: 'aggregate';
      readonly aggregate: AggregateName;
      readonly segments: readonly PathSegment[] | undefined;
      readonly name: string;
    };

export type QuerySource = 'devices' | 'devices.modules' | 'devices.jobs';

export interface Query {
  /** `all` for `SELECT *`. */
  readonly select: 'all' | readonly SelectItem[];
  readonly top: number | undefined;
  readonly source: QuerySource;
  readonly where: Expression | undefined;
  readonly groupBy: readonly (readonly PathSegment[])[];
}
