import type { TreeInterpreter } from '@jmespath-community/jmespath';
import { Failure } from '../../errors/index.ts';
import { messageOf } from '../../std/message-of.ts';

/** Picks from a JSON value; the value itself without `--query`. */
export type Picker = (value: unknown) => unknown;

/** Compiles `--query` before the command runs, so that a wrong one changes nothing. Failure: invalid-value. */
export async function compilePick(expression: string): Promise<Picker> {
  const jmespath = await import('@jmespath-community/jmespath');
  let tree: ReturnType<typeof jmespath.compile>;
  try {
    tree = jmespath.compile(expression);
  } catch (error) {
    throw new Failure('invalid-value', `--query: "${expression}" is not a JMESPath expression: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return (value) => {
    try {
      return jmespath.TreeInterpreter.search(tree, plain(value));
    } catch (error) {
      throw new Failure('invalid-value', `--query: "${expression}": ${messageOf(error)}`, { cause: error });
    }
  };
}

type JmesValue = Parameters<typeof TreeInterpreter.search>[1];

/** Dates and undefined as JSON would have them. */
function plain(value: unknown): JmesValue {
  return JSON.parse(JSON.stringify(value ?? null)) as JmesValue;
}
