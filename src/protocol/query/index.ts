export type {
  AggregateName,
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  Literal,
  PathSegment,
  Query,
  SelectItem,
} from './ast.ts';
export { chainOperands, evaluate, evaluateValue, type PathResolver } from './evaluate.ts';
export { formatExpression, formatPath, formatQuery } from './format.ts';
export { queryFunctions, type ParameterType, type QueryFunction } from './functions.ts';
export { queryLimits } from './limits.ts';
export type { ConditionScope } from './names.ts';
export { parseCondition, parseQuery } from './parse.ts';
export { pointAt, queryErrorPlace } from './syntax-error.ts';
export { compareText, readPath, type QueryValue } from './values.ts';
