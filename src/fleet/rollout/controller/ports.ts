/** What a controller needs, and what it tells. */
import type { ArtifactStore } from '../../../client/artifacts.ts';
import type { RecordStore } from '../../../client/records.ts';
import type { Failure } from '../../../errors/index.ts';
import type { Clock } from '../../../std/clock.ts';
import type { Hub } from '../../ports.ts';
import type { RunProgram } from '../gates/index.ts';
import type { Decide, Finding } from '../model/decision.ts';
import type { State } from '../model/record.ts';

/** The parts of a hub's service API that a rollout is driven by. */
export type ControllerHub = Pick<Hub, 'hostName' | 'twins' | 'queries' | 'telemetry' | 'clockOffsetMs'> & {
  readonly records: RecordStore;
  readonly artifacts: ArtifactStore;
};

/** Something that whoever watches a controller may want to know. */
export type ControllerEvent = { readonly rollout: string } &
  /** Another drives it; this one takes over when that one stops. */
  (
    | { readonly kind: 'standing-by'; readonly holder: string }
    | { readonly kind: 'driving'; readonly fence: number; readonly devices: number }
    | { readonly kind: 'finding'; readonly finding: Finding }
    | { readonly kind: 'decided'; readonly state: State }
    /** The hub does not answer, or does not do what it should; tried again in so many milliseconds. */
    | { readonly kind: 'trouble'; readonly failure: Failure; readonly retryInMs: number }
    /** It is driven by another now. */
    | { readonly kind: 'lost'; readonly reason: string }
    | { readonly kind: 'ended'; readonly state: State; readonly work: WorkCounts }
  );

/** What driving has cost. */
export interface WorkCounts {
  readonly decisions: number;
  readonly offers: number;
  /** Writes of twins, offers among them. */
  readonly twinWrites: number;
  /** Twins that were read, by queries or one by one. */
  readonly twinReads: number;
  /** Reports that arrived by events. */
  readonly events: number;
  /** Milliseconds that deciding took. */
  readonly decideMs: number;
}

export interface ControllerPorts {
  readonly hub: ControllerHub;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** Names this controller among all: a new one for each start. */
  readonly holder: string;
  /** `events`: the hub tells of changes as they happen; `poll`: twins are read again and again. */
  readonly watch: 'events' | 'poll';
  /** How long reports are gathered before the next decision, milliseconds; as long as deciding takes tenfold, and 250 at least, when absent. */
  readonly gatherMs?: number | undefined;
  /** The rollout's own brain when absent. */
  readonly decide?: Decide | undefined;
  /** Absent where the programs that gates name must not run. */
  readonly runProgram?: RunProgram | undefined;
  /** Holders that are known to be gone, such as this hub's own controller of before: nobody waits for their leases. */
  readonly isGone?: ((holder: string) => boolean) | undefined;
  /** Ids of the rollouts of this hub that go on, as far as that is known. */
  readonly others?: (() => ReadonlySet<string>) | undefined;
  readonly onEvent?: ((event: ControllerEvent) => void) | undefined;
}

/** A name that no other controller has, beginning with what a person knows it by. */
export function newHolder(name: string, random: () => number): string {
  return `${name}-${Math.trunc(random() * 36 ** 6)
    .toString(36)
    .padStart(6, '0')}`;
}
