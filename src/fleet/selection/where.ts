import { Failure } from '../../errors/index.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import {
  parseCondition,
  pointAt,
  queryErrorPlace,
  type ConditionScope,
  type Expression,
} from '../../protocol/query/index.ts';

/** Parses the condition of a `--where`. Failure: invalid-query. */
export function parseWhere(text: string, names: ConditionScope = {}): Expression {
  try {
    return parseCondition(text, names);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const place = queryErrorPlace(error);
    throw new Failure('invalid-query', `--where: ${error.message}`, {
      cause: error,
      details: { condition: text, ...place, ...(place && { excerpt: pointAt(text, place).split('\n') }) },
    });
  }
}
