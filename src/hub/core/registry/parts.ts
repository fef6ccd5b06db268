import type { Clock } from '../../../std/clock.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { Events } from '../events/events.ts';
import type { MessageCounts } from '../messages/service.ts';
import type { RegistryStore } from '../ports.ts';
import type { DeviceRecords } from '../records.ts';
import type { Proofs } from '../sessions/proofs.ts';
import type { Sessions } from '../sessions/sessions.ts';

/** What the registry is made of. */
export interface RegistryParts {
  readonly store: RegistryStore;
  readonly records: DeviceRecords;
  readonly sessions: Sessions;
  readonly proofs: Proofs;
  readonly messages: MessageCounts;
  readonly clock: Clock;
  /** Told of every change that the registry stores by itself. */
  readonly wrote: Events['wrote'];
  /** Told right after an identity was deleted; the modules of a device went with it. */
  readonly removed: (identity: IdentityPath) => void;
}
