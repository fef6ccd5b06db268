import type { Clock } from '../../std/clock.ts';
import type { HubCore } from '../core/services.ts';
import type { HubLog } from '../log.ts';
import type { AppendGate } from '../append-gate.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Paces } from '../pace.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { FrameReader } from './frame-reader.ts';
import type { MqttLimits } from './limits.ts';
import type { Publish, PublishRun } from './publish.ts';
import type { Spares } from './spares.ts';

/** What the front asks of the core. */
export type MqttCore = Pick<
  HubCore,
  'gatekeeper' | 'sessions' | 'twins' | 'commands' | 'messages' | 'telemetry' | 'provisioning'
>;

/** What every connection of the front shares. */
export interface FrontContext {
  readonly core: MqttCore;
  readonly clock: Clock;
  readonly log: HubLog;
  readonly limits: MqttLimits;
  /** Told of each stream whose peer has shown who it is. */
  readonly known: (stream: object) => void;
  readonly gate: AppendGate;
  readonly deadlines: Deadlines;
  readonly paces: Paces;
  /** Room for packets that are not whole yet. */
  readonly unfinished: MemoryBudget;
  /** For connections with bytes that are not read yet. */
  readonly readers: Spares<FrameReader>;
  /** For connections with something to acknowledge. */
  readonly acknowledgements: Spares<Acknowledgements>;
  /** The PUBLISH that is being looked at, until whoever reads it returns. */
  readonly publish: Publish;
  /** What is being read; never kept. */
  readonly run: PublishRun;
}

/** Why a connection ended; for the log. */
export type EndReason =
  | 'displaced'
  | 'disabled'
  | 'deleted'
  | 'key-changed'
  | 'token-expired'
  | 'shutdown'
  | 'fault'
  | 'disconnect'
  | 'peer-closed'
  | 'stream-error'
  | 'silent'
  | 'not-reading'
  | 'refused'
  | 'protocol'
  | 'forbidden'
  | 'too-large'
  | 'not-stored'
  | 'failed';
