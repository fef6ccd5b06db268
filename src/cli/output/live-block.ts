import { textWidth } from './text-width.ts';

/** How many columns and rows a terminal has now. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A line as it is written, and what of it takes room: the same without colour. */
export interface DrawnLine {
  readonly painted: string;
  readonly plain: string;
}

/** Lines at the bottom of the terminal that are drawn over in place. Whoever writes something else clears them first. */
export interface LiveBlock {
  /** Draws the lines in the place of those before. They are safe, and none is wider than the terminal. */
  draw(lines: readonly DrawnLine[], size: TerminalSize): Promise<void>;
  clear(): void;
  /** Leaves what is drawn as it is: what follows is written below. */
  leave(): void;
}

// Terminals that know it show a whole frame at once, the others ignore it (DEC private mode 2026).
const beginFrame = '\u001b[?2026h';
const endFrame = '\u001b[?2026l';
const eraseLine = '\u001b[K';
const eraseBelow = '\u001b[J';
const home = '\u001b[H';

/** The cursor rests below the lines and stays visible: nothing has to be put right when the program is killed. */
export function createLiveBlock(write: (text: string) => Promise<void>): LiveBlock {
  let drawn: readonly DrawnLine[] = [];
  let drawnAt: TerminalSize | undefined;
  const toStart = ({ columns, rows }: TerminalSize): string => {
    const height = heightOf(drawn, columns);
    // What a narrower terminal has broken into more rows than it has cannot be reached by going up.
    if (height >= rows) return home;
    return height === 0 ? '\r' : `\r\u001b[${height}A`;
  };
  return {
    async draw(lines, size) {
      const resized = drawnAt !== undefined && (drawnAt.columns !== size.columns || drawnAt.rows !== size.rows);
      const erase = resized ? eraseBelow : '';
      const body = lines.map(({ painted }) => `${painted}${eraseLine}\n`).join('');
      const text = `${beginFrame}${toStart(size)}${erase}${body}${eraseBelow}${endFrame}`;
      drawn = lines;
      drawnAt = size;
      await write(text);
    },
    clear() {
      if (drawnAt === undefined || drawn.length === 0) return;
      void write(`${toStart(drawnAt)}${eraseBelow}`).catch(() => undefined);
      drawn = [];
    },
    leave() {
      drawn = [];
      drawnAt = undefined;
    },
  };
}

/** Rows that lines take where a terminal breaks them at its edge. */
function heightOf(lines: readonly DrawnLine[], columns: number): number {
  return lines.reduce((sum, { plain }) => sum + Math.max(1, Math.ceil(textWidth(plain) / columns)), 0);
}
