import { Session } from 'node:inspector/promises';

/**
 * Collects this thread's garbage to the last byte, once. A program that stays calls it when its start is over: loading leaves some
 * 10 MB that V8 would keep, as it collects only while memory is asked for. Takes about 50 ms.
 */
export async function releaseMemory(): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
}
