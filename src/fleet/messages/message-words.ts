import { Failure } from '../../errors/index.ts';

/** The words of `send-message`, told apart. */
export interface MessageWords {
  readonly devices: readonly string[];
  readonly body: string;
}

/** Splits `DEVICE… BODY`: the last word is the body. Devices may be missing when they are `selected` otherwise. Failure: usage. */
export function splitMessageWords(words: readonly string[], selected: boolean): MessageWords {
  const body = words.at(-1);
  if (body === undefined || (words.length < 2 && !selected)) {
    const missing = body === undefined && !selected ? 'a device and the body are' : 'the body is';
    throw new Failure('usage', `${missing} missing`, { hint: "iotctl send-message DEVICE 'TEXT' (or @FILE, or -)" });
  }
  return { devices: words.slice(0, -1), body };
}

/** Reads `@file` and `-`; given by the caller, because it is the one who may open them. */
export interface BodySources {
  readFile(path: string): Promise<Uint8Array>;
  readStandardInput(): Promise<Uint8Array>;
}

/** The body that a word says: the bytes of a file or of standard input as they are, or the word itself as UTF-8. */
export async function readMessageBody(word: string, sources: BodySources): Promise<Uint8Array> {
  if (word === '-') return sources.readStandardInput();
  if (word.startsWith('@')) return sources.readFile(word.slice(1));
  return Buffer.from(word);
}
