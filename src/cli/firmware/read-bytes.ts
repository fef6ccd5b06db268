import { toFailure } from '../../errors/index.ts';
import { readGivenFile } from '../../std/given-file.ts';
import type { CommandContext } from '../context.ts';

/** The content of a small file, or of standard input for `-`. Failures: file-not-found and the system's own. */
export async function readBytes(context: Pick<CommandContext, 'stdin'>, file: string): Promise<Uint8Array> {
  if (file === '-') return context.stdin.bytes();
  try {
    return await readGivenFile(file);
  } catch (error) {
    throw toFailure(error, file);
  }
}

/** The same as text. */
export async function readText(context: Pick<CommandContext, 'stdin'>, file: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(context, file));
}

/** How failures call it. */
export function nameOfInput(file: string): string {
  return file === '-' ? 'standard input' : file;
}
