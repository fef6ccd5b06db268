/** Results on stdout. A command says what it has; the format is the user's choice. */
export type OutputFormat = 'table' | 'wide' | 'json' | 'ndjson' | 'yaml' | 'csv' | 'name' | 'lines' | 'raw';

/** How a value is toned on a terminal; never the only carrier of a meaning. */
export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'accent' | 'plain';

export interface Column<Row> {
  readonly header: string;
  readonly value: (row: Row) => unknown;
  readonly tone?: (row: Row) => Tone;
  /** Only in `-o wide`. */
  readonly wide?: boolean;
  readonly align?: 'left' | 'right';
  /** Never cut, because a part of it is of no use: a connection string. A table that is too wide for it wraps and has no borders. */
  readonly whole?: boolean;
}

export interface ListView<Row> {
  readonly columns: readonly Column<Row>[];
  /** The row as JSON, YAML, NDJSON and CSV show it; stable keys. */
  readonly json: (row: Row) => unknown;
  /** What `-o name` prints. */
  readonly name: (row: Row) => string;
  /** Said on stderr when there are no rows. */
  readonly empty?: string;
}

export interface DocumentView<Value> {
  /** Lines of `label: value` on a terminal; nested objects are indented. */
  readonly fields: (value: Value) => readonly (readonly [label: string, value: unknown, tone?: Tone])[];
  readonly json: (value: Value) => unknown;
  readonly name: (value: Value) => string;
}

export interface StreamView<Row> extends ListView<Row> {
  /** One readable line for `-o lines`. Parts are joined with two spaces; each is made safe. */
  readonly line?: (row: Row) => readonly (readonly [text: string, tone?: Tone])[];
  /** How many leading parts of a line stand under each other on a terminal. */
  readonly lead?: number;
  /** The bytes of `-o raw`. */
  readonly raw?: (row: Row) => Uint8Array;
}

/** A line of a live picture: its parts stand right beside each other; each is made safe. */
export type LiveLine = readonly (readonly [text: string, tone?: Tone])[];

/** What is drawn over in place on a terminal. */
export interface LiveView<Frame> {
  /** Not more lines than rows, if they can be chosen; what does not fit is cut. */
  readonly lines: (frame: Frame, size: { readonly columns: number; readonly rows: number }) => readonly LiveLine[];
}

export interface Output {
  readonly format: OutputFormat;
  readonly isTTY: boolean;
  /** Terminal width in columns, 80 when unknown. */
  readonly width: number;
  list<Row>(rows: Iterable<Row> | AsyncIterable<Row>, view: ListView<Row>): Promise<void>;
  document<Value>(value: Value, view: DocumentView<Value>): Promise<void>;
  /** Batches in, rows out as they come; waits for a slow stdout, ends quietly on a closed pipe. */
  stream<Row>(batches: AsyncIterable<readonly Row[]>, view: StreamView<Row>): Promise<void>;
  /** A picture as it is now, with all its lines. */
  picture<Frame>(frame: Frame, view: LiveView<Frame>): Promise<void>;
  /** Frames drawn in place, each over the one before; only where {@link Output.isTTY}. The last one stays. */
  live<Frame>(frames: AsyncIterable<Frame>, view: LiveView<Frame>): Promise<void>;
  /** Plain text, as it is; for scripts (`completion bash`) and templates. */
  text(text: string): Promise<void>;
}
