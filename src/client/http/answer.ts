import { Failure } from '../../errors/index.ts';
import type { HttpResponse } from './transport.ts';

/** Reads a JSON answer. Failure `hub-failed` when it is not what an IoT hub answers. */
export function parseAnswer<Value extends object>(
  response: HttpResponse,
  fits: (value: object) => value is Value,
  what: string,
): Value {
  let value: unknown;
  try {
    value = JSON.parse(response.body);
  } catch (error) {
    throw new Failure('hub-failed', `the hub's answer is no JSON where a ${what} was expected; is it an IoT hub?`, {
      cause: error,
    });
  }
  if (typeof value === 'object' && value !== null && fits(value)) return value;
  throw new Failure('hub-failed', `the hub's answer is not a ${what}; is it an IoT hub?`);
}
