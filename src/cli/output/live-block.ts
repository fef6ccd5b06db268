/** How many columns and rows a terminal has now. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Lines at the bottom of the terminal that are drawn over in place. Whoever writes something else clears them first. */
export interface LiveBlock {
  /** Draws the lines in the place of those before. They are safe, and none is wider than the terminal. */
  draw(lines: readonly string[], size: TerminalSize): Promise<void>;
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
  let drawn: readonly string[] = [];
  let drawnAt: TerminalSize | undefined;
  const toStart = (): string => (drawn.length === 0 ? '\r' : `\r\u001b[${drawn.length}A`);
  return {
    async draw(lines, size) {
      const resized = drawnAt !== undefined && (drawnAt.columns !== size.columns || drawnAt.rows !== size.rows);
      // A terminal of another width has broken and joined lines in its own way: nobody knows where they begin now.
      const start = resized ? `${home}${eraseBelow}` : toStart();
      const body = lines.map((line) => `${line}${eraseLine}\n`).join('');
      const text = `${beginFrame}${start}${body}${eraseBelow}${endFrame}`;
      drawn = lines;
      drawnAt = size;
      await write(text);
    },
    clear() {
      if (drawnAt === undefined || drawn.length === 0) return;
      void write(`${toStart()}${eraseBelow}`).catch(() => undefined);
      drawn = [];
    },
    leave() {
      drawn = [];
      drawnAt = undefined;
    },
  };
}
