/** What ingest-load.ts is told on standard input, as one line of JSON. Later lines are words: `drain` ends it. */
export interface IngestPlan {
  readonly port: number;
  /** Path of the journal; it must not be there yet. */
  readonly journal: string;
  readonly devices: number;
  /** Messages of a device that are not acknowledged yet, at most. */
  readonly window: number;
  /** What bodies are signed with. */
  readonly secret: string;
  /** The name of a hub, whose devices sign in with keys; absent for a broker without accounts. */
  readonly hostName?: string;
  /** Messages of each device, at most; no limit when absent. */
  readonly messages?: number;
}

/** What it says on standard output, one line each. */
export type IngestNews =
  /** The first acknowledgement since all connections were lost; Unix milliseconds. */
  | { readonly event: 'first-ack'; readonly at: number }
  | { readonly event: 'progress'; readonly acked: number }
  /** After `drain`, when all that was sent is acknowledged. */
  | { readonly event: 'done'; readonly acked: number; readonly sent: number; readonly resent: number };
