import { Failure } from '../../errors/index.ts';
import type { JsonObject } from '../../std/json.ts';
import { listOption, type CommandInput } from '../define-command.ts';

/** The `KEY=VALUE` words of a repeatable option as one object; undefined when there are none. Failure: invalid-value. */
export async function assignmentsOf(input: CommandInput, option: string): Promise<JsonObject | undefined> {
  const words = listOption(input, option);
  if (words.length === 0) return undefined;
  const { assemble, parseAssignment } = await import('../../std/assignment.ts');
  try {
    return assemble(words.map(parseAssignment));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Failure('invalid-value', `--${option}: ${error.message}`, { cause: error });
    throw error;
  }
}
