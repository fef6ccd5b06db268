/** Files that somebody names: pipes among them, such as a shell makes for `<(…)`. */
import { open, stat, type FileHandle } from 'node:fs/promises';

/** For so long a pipe may be without anybody who writes to it; whoever does has as much time as they want. */
const writerWithinMs = 3_000;

/** Opens it for reading. Failures are those of the system; ENXIO for a pipe that nobody writes to, which an open alone would wait for without end. */
export async function openGivenFile(path: string): Promise<FileHandle> {
  if (!(await stat(path)).isFIFO()) return open(path, 'r');
  const late = Promise.withResolvers<never>();
  const limit = AbortSignal.timeout(writerWithinMs);
  limit.addEventListener('abort', () => late.reject(nobodyWrites(path)), { once: true });
  late.promise.catch(() => undefined);
  return Promise.race([open(path, 'r'), late.promise]);
}

/** All of it; see {@link openGivenFile}. */
export async function readGivenFile(path: string): Promise<Buffer> {
  const file = await openGivenFile(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** All of it as text; see {@link openGivenFile}. */
export async function readGivenText(path: string): Promise<string> {
  return (await readGivenFile(path)).toString('utf8');
}

function nobodyWrites(path: string): Error {
  return Object.assign(new Error(`ENXIO: nobody writes to the pipe ${path}`), { code: 'ENXIO', syscall: 'open', path });
}
