import { Failure } from '../../errors/index.ts';
import { assemble, parseAssignment } from '../../std/assignment.ts';
import type { JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';

/** The words of `send-command`, told apart. */
export interface CommandWords {
  readonly devices: readonly string[];
  readonly name: string;
  readonly payload: readonly string[];
}

const jsonScalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Words that can be (a part of) a payload: `key=value`, `@file`, `-`, JSON. */
function looksLikePayload(word: string): boolean {
  return word === '-' || /^[@[{"]/.test(word) || jsonScalar.test(word) || word.indexOf('=') > 0;
}

/**
 * Splits `DEVICE… NAME [PAYLOAD…]`. The payload is the run of payload-like words at the end, the word before it is the name of
 * the command, and what stands before that are devices. One device and the name are always there, or the name alone when
 * devices are `selected` by --where or --from, so the run never takes these.
 * Failure usage: a device or the name is missing.
 */
export function splitCommandWords(words: readonly string[], selected: boolean): CommandWords {
  const reserved = selected ? 1 : 2;
  if (words.length < reserved) {
    const missing =
      words.length === 0 && !selected ? 'a device and the name of a command are' : 'the name of a command is';
    throw new Failure('usage', `${missing} missing`, { hint: 'iotctl send-command DEVICE NAME [key=value…]' });
  }
  let end = words.length;
  while (end > reserved && looksLikePayload(words[end - 1] ?? '')) end--;
  return { devices: words.slice(0, end - 1), name: words[end - 1] ?? '', payload: words.slice(end) };
}

/** Reads `@file` and `-`; given by the caller, because it is the one who may open them. */
export interface PayloadSources {
  readFile(path: string): Promise<string>;
  readStandardInput(): Promise<string>;
}

/** The payload that the words say: an object of all `key=value`, or one JSON document; null without words. Failure: invalid-value, invalid-input. */
export async function readPayload(words: readonly string[], sources: PayloadSources): Promise<JsonValue> {
  const [first] = words;
  if (first === undefined) return null;
  if (words.every((word) => isAssignment(word))) return assignments(words);
  if (words.length > 1) {
    throw new Failure('usage', 'a payload is either key=value words or one of @file, - and JSON, not a mix of them', {
      details: { words: words.length },
    });
  }
  if (first === '-') return parseDocument(await sources.readStandardInput(), 'standard input');
  if (first.startsWith('@')) return parseDocument(await sources.readFile(first.slice(1)), first.slice(1));
  return parseDocument(first, 'the payload');
}

function isAssignment(word: string): boolean {
  return word.indexOf('=') > 0 && !/^[@[{"]/.test(word);
}

function assignments(words: readonly string[]): JsonValue {
  try {
    return assemble(words.map(parseAssignment));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure('invalid-value', `payload: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseDocument(text: string, source: string): JsonValue {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as JsonValue;
  } catch (error) {
    const reason = messageOf(error);
    const empty = text.trim() === '' ? 'it is empty' : reason;
    throw new Failure('invalid-input', `${source} is not valid JSON: ${empty}`, { cause: error });
  }
}
