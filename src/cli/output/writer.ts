import type { OutputStream } from '../system.ts';

/** The reader of stdout went away (`| head -1`): the program ends quietly. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** A stream that is written with back-pressure. */
export interface Writer {
  /** Resolves when the stream can take more. Rejects with OutputClosed when its reader is gone. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Resolves when everything written has left the process, or the reader is gone. */
  flush(): Promise<void>;
}

/** Takes over the errors of a stream. */
export function createWriter(
  stream: OutputStream,
  options: {
    before?: () => void;
    /** Hears once when nothing more can be written. */
    onClosed?: (reason: Error) => void;
    /** True when what nobody reads is dropped instead. */
    outlivesReader?: () => boolean;
  } = {},
): Writer {
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const fail = (error: Error): void => {
    if (failure !== undefined) return;
    failure = isClosed(error) ? new OutputClosed('the reader of the output went away', { cause: error }) : error;
    if (!isDropped()) options.onClosed?.(failure);
    wake?.();
  };
  const isDropped = (): boolean => failure instanceof OutputClosed && options.outlivesReader?.() === true;
  stream.on('error', fail);
  return {
    async write(chunk) {
      if (isDropped()) return;
      throwIfFailed(failure);
      options.before?.();
      if (!stream.write(chunk)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          stream.once('drain', resolve);
        });
        wake = undefined;
      }
      // An error may have come while waiting.
      if (!isDropped()) throwIfFailed(failure);
    },
    async flush() {
      if (failure !== undefined) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        stream.write('', () => resolve());
      });
    },
  };
}

function throwIfFailed(failure: Error | undefined): void {
  if (failure !== undefined) throw failure;
}

function isClosed(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'EOF';
}
