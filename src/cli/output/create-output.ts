import type { Paint } from './colour.ts';
import type { Picker } from './jmespath.ts';
import type { Notes } from './notes.ts';
import type { Output, OutputFormat } from './output.ts';
import { renderDocument } from './render-document.ts';
import { renderList } from './render-list.ts';
import { renderStream } from './render-stream.ts';
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
}

export function createOutput(options: OutputOptions): Output {
  return {
    format: options.format,
    isTTY: options.isTTY,
    width: options.width,
    list: (rows, view) => renderList(rows, view, options),
    document: (value, view) => renderDocument(value, view, options),
    stream: (batches, view) => renderStream(batches, view, options),
    text: (text) => options.writer.write(text),
  };
}
