import { stat } from 'node:fs/promises';
import type { measureFile as MeasureFile } from '../../fleet/firmware/index.ts';
import type { CommandContext } from '../context.ts';
import type { Progress } from '../output/notes.ts';

const megabyte = 1_000_000;
/** A smaller file is read before anybody could look. */
const worthTelling = 10 * megabyte;

/** How far a file has come, in megabytes; shown from the first piece on. `at` is told all bytes so far. */
export function byteProgress(
  notes: CommandContext['notes'],
  label: string,
  total: number,
): { at(bytes: number): void; stop(): void } {
  let progress: Progress | undefined;
  let told = 0;
  return {
    at(bytes) {
      if (progress === undefined) {
        progress = notes.progress(label, Math.ceil(total / megabyte));
        progress.say('MB');
      }
      const reached = bytes === total ? Math.ceil(total / megabyte) : Math.floor(bytes / megabyte);
      if (reached !== told) progress.advance(reached - told);
      told = reached;
    },
    stop: () => progress?.stop(),
  };
}

/** Measures a file, with progress where it takes a while. Failures: those of `measureFile`. */
export async function measureTold(
  context: Pick<CommandContext, 'notes' | 'signal'>,
  file: string,
): ReturnType<typeof MeasureFile> {
  const { measureFile } = await import('../../fleet/firmware/index.ts');
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  const { signal } = context;
  if (size < worthTelling) return measureFile(file, { signal });
  const progress = byteProgress(context.notes, 'reading', size);
  try {
    return await measureFile(file, { signal, onProgress: (bytes) => progress.at(bytes) });
  } finally {
    progress.stop();
  }
}
