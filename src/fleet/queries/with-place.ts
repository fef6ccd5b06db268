import { Failure } from '../../errors/index.ts';
import { parseCondition, pointAt, queryErrorPlace } from '../../protocol/query/index.ts';

/**
 * Adds to a failure `invalid-query` where the user's own text is wrong: hubs in the cloud do not say, and iotctl's hub speaks of the whole
 * query although the user wrote a condition only. `parse` is the parser of that text.
 */
export function withPlace(failure: Failure, text: string, parse: (text: string) => unknown): Failure {
  try {
    parse(text);
    return failure;
  } catch (error) {
    const place = queryErrorPlace(error);
    if (place === undefined || !(error instanceof Error)) return failure;
    const what = failure.message.split(':', 1)[0] ?? failure.message;
    return new Failure('invalid-query', `${what}: ${error.message}`, {
      cause: failure,
      details: {
        ...failure.details,
        position: place.position,
        length: place.length,
        excerpt: pointAt(text, place).split('\n'),
      },
    });
  }
}

export function placeInCondition(failure: Failure, condition: string): Failure {
  return withPlace(failure, condition, parseCondition);
}
