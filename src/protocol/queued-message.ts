/** A device's queue as iotctl's own hub shows it; the cloud hub shows no queue. */
import { identityResource, type IdentityPath } from './identity-path.ts';

export type QueuedMessageState = 'queued' | 'locked' | 'dead';

/** A message of a device's queue. Times are ISO 8601. */
export interface QueuedMessageView {
  readonly sequenceNumber: number;
  /** `locked`: on its way to the device; `dead`: not delivered, see `reason`. */
  readonly state: QueuedMessageState;
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly ack: string;
  readonly enqueuedTime: string;
  readonly expiryTime: string;
  readonly deliveryCount: number;
  /** Why it is dead, and since when. */
  readonly reason: string | null;
  readonly deadLetteredTime: string | null;
  readonly properties: Readonly<Record<string, string>>;
  /** Bytes of the body. */
  readonly size: number;
  /** Base64; only when it was asked for. */
  readonly body: string | null;
}

/** Where the queue of an identity is found. Ids are encoded by the caller of HTTP. */
export function queuePath(identity: IdentityPath): string {
  return `/iotctl${identityResource(identity)}/messages`;
}
