import { begin } from './begin.ts';
import type { Paint } from './colour.ts';
import type { Picker } from './jmespath.ts';
import type { LiveBlock, TerminalSize } from './live-block.ts';
import type { Notes } from './notes.ts';
import type { Output, OutputFormat } from './output.ts';
import type { Writer } from './writer.ts';

export interface OutputOptions {
  readonly writer: Writer;
  readonly format: OutputFormat;
  readonly isTTY: boolean;
  readonly width: number;
  readonly paint: Paint;
  readonly notes: Pick<Notes, 'info' | 'warn'>;
  /** `--query`, compiled. */
  readonly pick: Picker | undefined;
  /** `--columns`, as typed. */
  readonly columns: readonly string[] | undefined;
  /** Where frames are drawn in place. */
  readonly live: LiveBlock;
  readonly terminal: {
    /** Now; a person may change it at any time. */
    readonly size: () => TerminalSize;
    /** The returned function undoes it. */
    readonly onResize: (handler: () => void) => () => void;
  };
}

/** The output of one command. The renderer of a shape is loaded when a command has something of that shape. */
export function createOutput(options: OutputOptions): Output {
  return {
    format: options.format,
    isTTY: options.isTTY,
    width: options.width,
    list: async (rows, view) => {
      const begun = Symbol.asyncIterator in rows ? begin(rows) : rows;
      return (await import('./render-list.ts')).renderList(begun, view, options);
    },
    document: async (value, view) => (await import('./render-document.ts')).renderDocument(value, view, options),
    stream: async (batches, view) => {
      const begun = begin(batches);
      return (await import('./render-stream.ts')).renderStream(begun, view, options);
    },
    picture: async (frame, view) => (await import('./render-live.ts')).renderPicture(frame, view, options),
    live: async (frames, view) => (await import('./render-live.ts')).renderLive(frames, view, options),
    text: (text) => options.writer.write(text),
  };
}
