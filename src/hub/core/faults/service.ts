/** Faults the hub makes on purpose. They end with the hub. */
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { FaultKind, FaultRule } from '../../../protocol/faults.ts';

/** Where in a device's conversation with the hub a fault may strike. */
export type FaultPoint =
  /** It asks for a connection, or sends an HTTP request. */
  | 'connect'
  /** Something it sent is about to be handled. */
  | 'receive'
  /** Something is about to be sent to it. */
  | 'send'
  /** A method is about to be called on it. */
  | 'method';

/** What is to go wrong now. */
export interface Fault {
  readonly kind: FaultKind;
  /** Of a delay; 0 for the others. */
  readonly delayMs: number;
}

export interface FaultService {
  /** False while there is no rule: then nothing goes wrong anywhere. */
  readonly any: boolean;
  /** What is to go wrong here, if anything. Costs nothing while there is no rule. */
  at(point: FaultPoint, identity: IdentityPath): Fault | undefined;
  /** `body` is untrusted JSON. HubErrors ArgumentInvalid, ArgumentNull, GenericForbidden (too many rules). */
  add(body: unknown): FaultRule;
  list(): readonly FaultRule[];
  /** Answers how many rules there were. HubError NotFound for an id that is not there. */
  clear(id?: string): number;
}
