/** What an update touches outside of itself. The agent has these on files, a simulated device on a model of flash. */
import type { FailureReportCode, Manifest, Report, SignedManifest, Trust } from '../../protocol/firmware/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { InstallerState } from './state.ts';

/** A device has two places for firmware; one runs, the other is written. */
export type SlotName = 'a' | 'b';

/** What the machine remembers over restarts. */
export interface StateStore {
  /** The state as it was saved last; undefined on a device that never ran the machine. */
  load(): Promise<InstallerState | undefined>;
  /** Resolves when it is durable. After a power cut there is the state of before, or this one, never a mix. */
  save(state: InstallerState): Promise<void>;
  loadTrust(): Promise<Trust>;
  /** Under the same promise as `save`. */
  saveTrust(trust: Trust): Promise<void>;
}

/** The bytes of the slots. Only a slot that does not run is ever written. */
export interface Slots {
  /** Bytes that fit into a slot. */
  capacity(slot: SlotName): Promise<number>;
  /**
   * Opens a slot for a firmware. What a former try has left of the same file is there still; anything else is gone. The slot is not
   * one that could be booted until it is sealed. Rejects when there is no room for `size` bytes.
   */
  open(slot: SlotName, file: { readonly sha256: string; readonly size: number }): Promise<SlotWriter>;
  /** SHA-256 in hexadecimal and length of what lies in a slot, read now; undefined when nothing whole does. */
  digest(slot: SlotName): Promise<{ readonly sha256: string; readonly size: number } | undefined>;
  /** The signed manifest that was sealed with a slot's content, as it lies there; undefined when there is none. */
  document(slot: SlotName): Promise<unknown>;
}

export interface SlotWriter {
  /** Bytes written so far, those of former tries among them. */
  readonly length: number;
  /** Appends. */
  write(chunk: Uint8Array): Promise<void>;
  /** Forgets everything written. */
  restart(): Promise<void>;
  /** SHA-256 in hexadecimal over everything written, read back from where it lies. */
  digest(): Promise<string>;
  /** Makes the content durable, and the slot's own, together with the manifest: the very bytes that `digest` has read. */
  seal(signed: SignedManifest): Promise<void>;
  /** Lets go; what was written may be gone on with later. Harmless after `seal`. */
  close(): Promise<void>;
}

export interface FetchRequest {
  readonly url: string;
  /** Bytes that are there already. */
  readonly from: number;
  /** The file's strong ETag when those were fetched; the answer goes on only when the file still has it. */
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
}

export interface FetchAnswer {
  /** Where the body begins in the file: at `from`, or at 0 when the server does not go on. */
  readonly from: number;
  /** Length of the whole file, where the server says it. */
  readonly total: number | undefined;
  /** A strong ETag, with its quotes. */
  readonly etag: string | undefined;
  /** Ends early by throwing a FetchProblem. Left before its end, it closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Rejects with a FetchProblem. */
export type FetchFirmware = (request: FetchRequest) => Promise<FetchAnswer>;

/** What was activated, and why. */
export interface Activation {
  readonly slot: SlotName;
  readonly previous: SlotName;
  /** `update` brings a new firmware, `revert` goes back. */
  readonly reason: 'update' | 'revert';
  readonly version: string;
  readonly digest: string;
  /** Milliseconds after which it has failed. */
  readonly limitMs: number;
}

/** What a device sees of itself when it starts. */
export interface BootView {
  /** The slot that boots from now on. */
  readonly selected: SlotName;
  /** The slot that runs; another than `selected` when a boot loader fell back by itself. */
  readonly running: SlotName;
  /** Changes with each start of the device. */
  readonly bootId: string;
  /** Why the device started, such as `power-on` or `watchdog`. */
  readonly resetReason?: string;
}

export interface Boot {
  look(): Promise<BootView>;
  /**
   * Selects a slot and has it run. `running`: it does, without a restart of the device. `restarting`: the device is about to go down. May
   * not come back at all. Rejects when it did not work; the slot may be selected all the same. A repeat does no harm.
   */
  activate(activation: Activation): Promise<'running' | 'restarting'>;
  /** The firmware has proved itself: a boot loader need not fall back from it. A repeat does no harm. */
  confirm(slot: SlotName): Promise<void>;
}

/** A firmware on trial. */
export interface Trial {
  readonly slot: SlotName;
  readonly manifest: Manifest;
  /** Milliseconds until it must be confirmed. */
  readonly limitMs: number;
}

export type SelfTestVerdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly message: string }
  /** Not known yet: asked again after a pause, until the time for confirmation is over. */
  | { readonly kind: 'undecided'; readonly message: string };

/** A device that would rather update later. */
export interface Deferral {
  /** Unix milliseconds. */
  readonly until: number;
  readonly message?: string;
}

export interface InstallerPorts {
  readonly store: StateStore;
  readonly slots: Slots;
  readonly fetch: FetchFirmware;
  readonly boot: Boot;
  readonly selfTest: (trial: Trial, signal: AbortSignal) => Promise<SelfTestVerdict>;
  /** Asked before each installation; undefined when it may begin. */
  readonly defer: (manifest: Manifest, signal: AbortSignal) => Promise<Deferral | undefined>;
  readonly clock: Clock;
  /** 0 to 1; spreads repeats. */
  readonly random: () => number;
  /** Told each report once, in order. */
  readonly report: (report: Report) => void;
  /** Resolves when all reports have arrived, or after so long. */
  readonly delivered: (limitMs: number) => Promise<void>;
  /** Told of trouble that no report speaks of: an offer without a name, a report that could not be numbered. */
  readonly onTrouble?: (message: string) => void;
}

/** Why an attempt ends without an installation. */
export class InstallProblem extends Error {
  readonly code: FailureReportCode;

  constructor(code: FailureReportCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Why an answer did not come, or broke off: `broken` may be over with the next try, `refused` hardly, `wrong` is an answer to another question. */
export class FetchProblem extends Error {
  readonly kind: 'broken' | 'refused' | 'wrong';
  /** When to come again, where the server has said so: it is busy, and nothing is wrong. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FetchProblem['kind'], message: string, cause?: unknown, retryAfterMs?: number) {
    super(message, { cause });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
