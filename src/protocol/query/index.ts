export type { AggregateName, ArithmeticOperator, ComparisonOperator, Expression, Literal, PathSegment, Query, QuerySource, SelectItem } from './ast.ts';
