import { formatDuration } from '../../std/duration.ts';
import type { Clock } from '../../std/clock.ts';
import type { Paint } from './colour.ts';
import type { Notes, Progress } from './notes.ts';
import type { Tone } from './output.ts';
import { safeText } from './safe-text.ts';
import type { StatusLine } from './status-line.ts';
import { truncate } from './text-width.ts';

export interface NotesOptions {
  /** Writes to stderr; what cannot be written is dropped. */
  readonly write: (text: string) => void;
  readonly statusLine: StatusLine;
  readonly isTTY: boolean;
  readonly width: number;
  readonly quiet: boolean;
  readonly paint: Paint;
  readonly clock: Clock;
}

const redrawEvery = 100;
const lineEvery = 10_000;
/** The same line again says only that the work goes on, to whatever stops a job that is silent. */
const sameLineEvery = 300_000;
const barWidth = 24;

export function createNotes(options: NotesOptions): Notes {
  const line = (text: string, mark: string, tone: Tone): void => {
    options.statusLine.clear();
    const safe = text.split('\n').map(safeText).join('\n');
    options.write(`${mark === '' ? '' : options.paint(mark, tone)}${safe}\n`);
  };
  return {
    isTTY: options.isTTY,
    info: (text) => {
      if (!options.quiet) line(text, '', 'plain');
    },
    record: (text) => line(text, '', 'plain'),
    success: (text) => {
      if (!options.quiet) line(text, options.isTTY ? '✓ ' : '', 'good');
    },
    warn: (text) => line(text, 'warning: ', 'warn'),
    progress: (label, total) => createProgress(label, total, options),
  };
}

function createProgress(label: string, total: number | undefined, options: NotesOptions): Progress {
  const { clock, isTTY, quiet } = options;
  const started = clock.monotonic();
  let count = 0;
  let words = '';
  let last = isTTY ? Number.NEGATIVE_INFINITY : started;
  let told = '';
  const show = (): void => {
    if (quiet) return;
    const now = clock.monotonic();
    if (now - last < (isTTY ? redrawEvery : lineEvery)) return;
    const text = isTTY ? bar(label, count, total, words) : plainLine(label, count, total, words);
    if (!isTTY && text === told && now - last < sameLineEvery) return;
    last = now;
    told = text;
    if (isTTY) options.statusLine.draw(truncate(text, options.width - 1));
    else options.write(`${text}\n`);
  };
  show();
  return {
    advance(by = 1) {
      count += by;
      show();
    },
    say(text) {
      words = text;
      show();
    },
    stop() {
      options.statusLine.clear();
    },
    done(text) {
      options.statusLine.clear();
      if (quiet) return;
      const took = formatDuration(clock.monotonic() - started);
      options.write(
        `${safeText(text ?? `${label}: ${total === undefined || count === total ? count : `${count} of ${total}`} in ${took}`)}\n`,
      );
    },
  };
}

function bar(label: string, count: number, total: number | undefined, words: string): string {
  const safe = words === '' ? '' : `  ${safeText(words)}`;
  if (total === undefined || total <= 0) return `${safeText(label)}  ${count}${safe}`;
  const share = Math.min(1, count / total);
  const filled = Math.round(share * barWidth);
  const drawn = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  return `${safeText(label)}  ${drawn} ${String(Math.floor(share * 100)).padStart(3)}%  ${count}/${total}${safe}`;
}

function plainLine(label: string, count: number, total: number | undefined, words: string): string {
  const of = total === undefined ? String(count) : `${count} of ${total}`;
  return `${safeText(label)}: ${of}${words === '' ? '' : `, ${safeText(words)}`}`;
}
