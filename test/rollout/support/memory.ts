import { readFile, writeFile } from 'node:fs/promises';

/** What a process holds in memory, and the most it has held since {@link forgetPeak}. Bytes; Linux alone. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** The peak begins anew from what the process holds now. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
