import type { Clock } from '../std/clock.ts';

/** A standard stream as the program uses it. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** What runs the program. */
export interface Runtime {
  /** Version of Node.js, `24.21.0`. */
  readonly node: string;
  /** The user's id; undefined where the system has none. */
  readonly uid: number | undefined;
  /** The user's name; undefined where the system knows none. */
  userName(): string | undefined;
  /** Id of this process. */
  readonly pid: number;
  /** The words that start this program again: the executable, its flags and the launcher. */
  readonly program: readonly [executable: string, ...words: string[]];
  /** Version of the package. */
  version(): string;
  /** Asks another process of this user to end; false when there is none. Failure: permission-denied. */
  terminate(pid: number): boolean;
}

export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What the operating system gives to the program. `src/system.ts` makes the real one, tests bring their own. */
export interface System {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly homeDirectory: string;
  readonly clock: Clock;
  /** In [0, 1); never for keys. */
  readonly random: () => number;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Calls the handler for each signal instead of ending; the returned function undoes it. */
  onSignal(name: SignalName, handler: () => void): () => void;
  /** Calls the handler for an error that nobody caught; the returned function undoes it. */
  onCrash(handler: (error: unknown) => void): () => void;
  /** Ends the process now. Only the runner calls it, after the streams are flushed. */
  exit(code: number): void;
  readonly runtime: Runtime;
}
