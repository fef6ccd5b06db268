/** Words to the person at the terminal: stderr only, safe against control characters, quiet under --quiet. */
export interface Notes {
  info(text: string): void;
  /** A line of a log, which has levels of its own: written under --quiet too. */
  record(text: string): void;
  /** A step that worked. */
  success(text: string): void;
  warn(text: string): void;
  /** A progress bar on a terminal, a line now and then elsewhere. `done` leaves one line. */
  progress(label: string, total?: number): Progress;
  readonly isTTY: boolean;
}

export interface Progress {
  advance(by?: number): void;
  /** Replaces the words after the bar. */
  say(text: string): void;
  done(text?: string): void;
  /** Ends it without a line: the failure says the rest. */
  stop(): void;
}
