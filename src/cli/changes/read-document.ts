import { Failure, toFailure } from '../../errors/index.ts';
import { readGivenText } from '../../std/given-file.ts';
import type { JsonValue } from '../../std/json.ts';
import type { CommandContext } from '../context.ts';
import { messageOf } from '../../std/message-of.ts';

/** Words that are documents (`@FILE`, `-`) apart from the others. */
export interface SplitWords {
  readonly plain: readonly string[];
  readonly documents: readonly string[];
}

export function splitDocuments(words: readonly string[]): SplitWords {
  return { plain: words.filter((word) => !isDocument(word)), documents: words.filter(isDocument) };
}

function isDocument(word: string): boolean {
  return word === '-' || word.startsWith('@');
}

/** Reads `@FILE` or `-` (standard input) as JSON. Failures: file-not-found, invalid-input with the place. */
export async function readDocument(context: Pick<CommandContext, 'stdin'>, word: string): Promise<JsonValue> {
  const name = word === '-' ? 'standard input' : word.slice(1);
  const text = word === '-' ? await context.stdin.text() : await readTextFile(name);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as JsonValue;
  } catch (error) {
    throw new Failure('invalid-input', `${name} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Failures: file-not-found and the system's own. */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readGivenText(path);
  } catch (error) {
    throw toFailure(error, path);
  }
}
