import type { Clock } from '../../std/clock.ts';
import type { HubCore } from '../core/services.ts';
import type { HubLog } from '../log.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Paces } from '../pace.ts';
import type { AppendGate } from '../append-gate.ts';
import type { AmqpLimits } from './limits.ts';

/** What every connection and route of the front shares. */
export interface AmqpContext {
  readonly core: HubCore;
  readonly clock: Clock;
  readonly log: HubLog;
  readonly limits: AmqpLimits;
  /** Told of each stream whose peer has shown who it is. */
  readonly known: (stream: object) => void;
  readonly gate: AppendGate;
  readonly paces: Paces;
  /** Room for messages that are not whole yet. */
  readonly unfinished: MemoryBudget;
}
