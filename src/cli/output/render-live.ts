import type { OutputOptions } from './create-output.ts';
import type { LiveLine, LiveView } from './output.ts';
import { safeText } from './safe-text.ts';
import { textWidth, truncate } from './text-width.ts';

/**
 * Draws each frame in the place of the one before, and the last one again when the terminal gets another size. What is drawn last
 * stays. A frame that is higher than the terminal loses its end.
 */
export async function renderLive<Frame>(
  frames: AsyncIterable<Frame>,
  view: LiveView<Frame>,
  { live, terminal, paint }: OutputOptions,
): Promise<void> {
  let last: { readonly frame: Frame } | undefined;
  const draw = async (): Promise<void> => {
    if (last === undefined) return;
    const size = terminal.size();
    // The cursor stands on the row below.
    const lines = view.lines(last.frame, size).slice(0, Math.max(1, size.rows - 1));
    await live.draw(
      lines.map((line) => drawnLine(line, size.columns, paint)),
      size,
    );
  };
  // A terminal that is gone makes the next frame fail.
  const unwatch = terminal.onResize(() => void draw().catch(() => undefined));
  try {
    for await (const frame of frames) {
      last = { frame };
      await draw();
    }
  } finally {
    unwatch();
    live.leave();
  }
}

/** Columns of a picture that goes into a file or a log. */
const plainColumns = 100;

/** A picture with as many lines as it has, wherever it goes. */
export async function renderPicture<Frame>(
  frame: Frame,
  view: LiveView<Frame>,
  { terminal, paint, isTTY, writer }: OutputOptions,
): Promise<void> {
  const columns = isTTY ? terminal.size().columns : plainColumns;
  const lines = view.lines(frame, { columns, rows: Number.POSITIVE_INFINITY });
  await writer.write(lines.map((line) => `${drawnLine(line, columns, paint).trimEnd()}\n`).join(''));
}

/** The parts of a line one after the other, cut where the terminal ends. */
function drawnLine(line: LiveLine, columns: number, paint: OutputOptions['paint']): string {
  let painted = '';
  let plain = '';
  for (const [text, tone] of line) {
    const left = columns - textWidth(plain);
    if (left <= 0) break;
    const shown = truncate(safeText(text), left);
    painted += paint(shown, tone);
    plain += shown;
  }
  return painted;
}
