import { parseFaults, type Faults } from '../../device/index.ts';
import { Failure } from '../../errors/index.ts';
import { messageOf } from '../../std/message-of.ts';

/** Reads `brick=2%,offline=30%`. Failure: invalid-value. */
export function readFaults(flag: string, text: string): Faults {
  try {
    return parseFaults(text);
  } catch (error) {
    throw new Failure('invalid-value', `${flag}: ${messageOf(error)}`);
  }
}
