import type { RegistryCounts, LogStats } from '../core/ports.ts';
import type { DoorFigures } from '../door.ts';
import type { HubCounters } from './counting.ts';

/** Where metrics and readiness come from. Everything is looked up when somebody asks. */
export interface OperationsSources {
  readonly version: string;
  readonly counters: HubCounters;
  devices(): Promise<RegistryCounts>;
  /** Identities that are connected, modules and devices of an AMQP connection each. */
  sessions(): number;
  /** Of each port: connections now, and since the start. */
  ports(): readonly { readonly name: string; readonly open: number; readonly accepted: number }[];
  /** What the door has let in and turned away. */
  door(): DoorFigures;
  /** What peers have begun and not ended: bytes held for it, and how often there was no room for more. */
  unfinished(): { readonly held: number; readonly refused: number };
  telemetry(): Promise<LogStats>;
  /** Messages stored since the log was begun, over all runs of the hub. */
  storedMessages(): Promise<number>;
  /** Of the file system that the data directory is on. Bytes. */
  disk(): Promise<{ readonly free: number; readonly size: number }>;
  /** When the server's certificate and the authority's expire, Unix milliseconds. */
  readonly certificates: readonly { readonly name: string; readonly expires: number }[];
  /** Each says what is wrong; undefined where all is well. */
  readonly checks: Readonly<Record<string, () => Promise<string | undefined>>>;
}
