import type { Clock } from '../../../std/clock.ts';
import type { Hub } from '../../ports.ts';

/** Whom a gate is measured on. */
export interface GateSubject {
  readonly rolloutId: string;
  readonly firmwareVersion: string;
  /** Index of the wave, from 0. */
  readonly wave: number;
  /** Devices of the wave that run the new firmware. */
  readonly updated: readonly string[];
  /** Devices of the rollout that nothing was offered to yet: the control group. */
  readonly control: readonly string[];
}

/** How a command of a gate ended. */
export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly lastLine: string }
  | { readonly kind: 'timed-out' | 'killed' | 'not-started'; readonly reason: string };

/** Runs a program without a shell. Rejects with the signal's reason only. */
export type RunProgram = (
  argv: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  },
) => Promise<ProgramEnd>;

/** What measuring needs. */
export interface GatePorts {
  readonly hub: Pick<Hub, 'queries' | 'telemetry'>;
  readonly clock: Clock;
  /**
   * Absent where programs must not run: whoever may write a rollout names them, so a controller runs them only where its owner has
   * said so. Gates with a command are inconclusive there.
   */
  readonly runProgram?: RunProgram | undefined;
}

/** What a gate has seen: a value, or why there is none. Values are comparable with those of the control group. */
export interface Reading {
  readonly value?: number;
  readonly control?: number;
  readonly note?: string;
}
