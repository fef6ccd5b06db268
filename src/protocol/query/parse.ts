import type { Expression, Query } from './ast.ts';
import { ConditionParser } from './condition-parser.ts';
import { TokenCursor } from './cursor.ts';
import { conditionScope, type ConditionScope } from './names.ts';
import { QueryParser } from './query-parser.ts';

/**
 * Parses a query of the IoT Hub language. Throws HubError ArgumentInvalid whose message says what was expected, what stands
 * there and where; `queryErrorPlace` gives the place. Source: service.md §5.2.
 */
export function parseQuery(text: string): Query {
  return new QueryParser(text).parse();
}

/**
 * Parses the body of a WHERE alone: a selector, a job's condition, a filter of telemetry. Errors as {@link parseQuery}.
 *
 * Without options a path begins with a member of the twin. A condition over messages names its own roots, and the resolver
 * given to `evaluate` answers for them:
 *
 *     parseCondition(text, { roots: ['body', '$body', 'properties', 'system', '$system'], defaultRoot: 'body' })
 *
 * Names that begin a path are compared without regard to case and come out as spelled in `roots`; all others keep their case.
 */
export function parseCondition(text: string, scope: ConditionScope = {}): Expression {
  const cursor = new TokenCursor(text);
  const condition = new ConditionParser(cursor, conditionScope(scope)).parseCondition();
  if (cursor.current.kind !== 'end') cursor.fail('expected AND, OR or the end of the condition');
  return condition;
}
