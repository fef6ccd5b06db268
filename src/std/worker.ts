import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Bounds what a thread holds of buffers that nobody needs any more: V8 looks for them when they have come to twice this space, by itself at
 * some 60 MB. Enough for a thread that makes small objects for short.
 */
const youngMegabytes = 12;

/**
 * Starts a worker thread whose file is named without its extension, from source and from the build alike.
 * The thread gets no environment but the place of the compile cache, which it would not find otherwise: without it every start
 * compiles the thread's files anew, and from source that takes some 20 MB more.
 * @param base `import.meta.url` of the caller
 * @param path such as `./log-worker`
 */
export function startWorker(base: string, path: string, options: WorkerOptions = {}): Worker {
  const cache = getCompileCacheDir();
  return new Worker(new URL(`${path}.${base.endsWith('.ts') ? 'ts' : 'js'}`, base), {
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
    ...options,
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) },
  });
}
