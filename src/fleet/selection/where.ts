import { Failure } from '../../errors/index.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import { parseCondition, queryErrorPlace, type ConditionScope, type Expression } from '../../protocol/query/index.ts';

/** Parses the condition of a `--where`. Failure: invalid-query. */
export function parseWhere(text: string, names: ConditionScope = {}): Expression {
  try {
    return parseCondition(text, names);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new Failure('invalid-query', `--where: ${error.message}`, {
      cause: error,
      details: { condition: text, ...queryErrorPlace(error) },
    });
  }
}
