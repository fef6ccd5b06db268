import type { CommandContext } from './context.ts';
import type { InputStream } from './system.ts';

/** Standard input for commands, opened when it is first read. An abort ends a wait for it. */
export function createStdin(stdin: () => InputStream, signal: AbortSignal): CommandContext['stdin'] {
  const abortable = (): InputStream => {
    const stream = stdin();
    signal.addEventListener('abort', () => stream.pause(), { once: true });
    return stream;
  };
  return {
    get isTTY() {
      return stdin().isTTY === true;
    },
    stream: abortable,
    text: async () => new TextDecoder().decode(await readAll(abortable(), signal)),
    bytes: () => readAll(abortable(), signal),
    lines: () => readLines(abortable(), signal),
  };
}

async function readAll(stream: InputStream, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  const ended = (async () => {
    for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  })();
  await orAborted(ended, signal);
  return Buffer.concat(chunks);
}

async function* readLines(stream: InputStream, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY, signal });
  let first = true;
  for await (const line of lines) {
    yield first ? line.replace(/^\ufeff/, '') : line;
    first = false;
  }
  signal.throwIfAborted();
}

async function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
