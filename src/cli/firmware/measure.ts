import { stat } from 'node:fs/promises';
import type { measureFile as MeasureFile } from '../../fleet/firmware/index.ts';
import type { CommandContext } from '../context.ts';
import { sizeText } from '../views/size-text.ts';

const tellEveryBytes = 10_000_000;

/** Words about bytes that are on their way; told now and then, because they come in small pieces. */
export function byteProgress(
  notes: CommandContext['notes'],
  label: string,
  total: number,
): { at(bytes: number): void; done(): void; stop(): void } {
  const progress = notes.progress(label);
  let told = 0;
  return {
    at(bytes) {
      if (Math.abs(bytes - told) < tellEveryBytes && bytes < total) return;
      told = bytes;
      progress.say(`${sizeText(bytes)} of ${sizeText(total)}`);
    },
    done: () => progress.done(`${sizeText(total)} ${label === 'sending' ? 'sent' : 'read'}`),
    stop: () => progress.stop(),
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
  if (size < tellEveryBytes) return measureFile(file, { signal });
  const progress = byteProgress(context.notes, 'reading', size);
  let read = 0;
  try {
    return await measureFile(file, { signal, onProgress: (bytes) => progress.at((read += bytes)) });
  } finally {
    progress.stop();
  }
}
