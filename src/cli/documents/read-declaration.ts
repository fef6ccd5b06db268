import { dirname } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { Failure } from '../../errors/index.ts';
import type { JsonValue } from '../../std/json.ts';
import { readTextFile } from '../changes/read-document.ts';
import type { CommandContext } from '../context.ts';

/** What a file declares, and the directory that paths in it begin at. */
export interface Declaration {
  readonly value: JsonValue;
  readonly directory: string;
}

/** Reads a file, or `-` for standard input, as YAML or JSON; several YAML documents are a list. Failures: file-not-found, invalid-input. */
export async function readDeclaration(context: Pick<CommandContext, 'stdin'>, file: string): Promise<Declaration> {
  const text = file === '-' ? await context.stdin.text() : await readTextFile(file);
  const name = file === '-' ? 'standard input' : file;
  const documents = parseAllDocuments(text.replace(/^\uFEFF/, ''), { prettyErrors: true });
  if (!Array.isArray(documents)) throw new Failure('invalid-input', `${name} is empty`);
  const values: JsonValue[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined)
      throw new Failure('invalid-input', `${name} is neither YAML nor JSON: ${firstLine(error.message)}`, {
        cause: error,
      });
    values.push(plain(document.toJS({ maxAliasCount: 100 }), name));
  }
  const [only] = values;
  return {
    value: values.length === 1 && only !== undefined ? only : values,
    directory: file === '-' ? '.' : dirname(file),
  };
}

/** YAML knows dates and the like, which go over no wire. */
function plain(value: unknown, name: string): JsonValue {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new Failure('invalid-input', `${name} holds nothing that JSON could`);
  return JSON.parse(text) as JsonValue;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/:$/, '') ?? text;
}
