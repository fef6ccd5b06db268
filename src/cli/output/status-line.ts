/** The one line at the bottom of the terminal that is drawn over. Whoever writes something else clears it first. */
export interface StatusLine {
  draw(text: string): void;
  clear(): void;
}

export function createStatusLine(write: (text: string) => void): StatusLine {
  let shown = false;
  return {
    draw(text) {
      write(`\r${text}\u001b[K`);
      shown = true;
    },
    clear() {
      if (!shown) return;
      write('\r\u001b[K');
      shown = false;
    },
  };
}
