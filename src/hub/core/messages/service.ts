/** Cloud-to-device messages as the fronts see them. Source: device.md §8, service.md §8. */
import type { IdentityPath } from '../../../protocol/identity-path.ts';

/** For which outcomes the sender wants a feedback record. */
export type FeedbackRequest = 'none' | 'positive' | 'negative' | 'full';

/** A message on its way to a device, before it is queued. */
export interface CloudToDeviceMessage {
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  /** As the sender wrote it; `/devices/{d}/messages/devicebound` when absent. */
  readonly to?: string | undefined;
  /** Unix milliseconds; the hub's default time to live when absent. */
  readonly expiresAt?: number | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly ack: FeedbackRequest;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A message in a device's queue. */
export interface QueuedMessage extends CloudToDeviceMessage {
  /** Per identity, from 1. */
  readonly sequenceNumber: number;
  readonly to: string;
  readonly enqueuedTime: number;
  readonly expiresAt: number;
  /** How often it was given back by an abandon. */
  readonly deliveryCount: number;
  /** True when it was handed to the device before, over whatever protocol. */
  readonly redelivered: boolean;
}

/** A message in the queue as it stands there. */
export interface PeekedMessage extends QueuedMessage {
  /** True while some receiver has it. */
  readonly locked: boolean;
}

/** A message given to one receiver, hidden from others until it is settled or the lock is lost. */
export interface LockedMessage extends QueuedMessage {
  /** A lower-case UUID. */
  readonly lockToken: string;
}

export type Settlement =
  /** The device has it: the message is gone, the sender hears `Success`. */
  | 'complete'
  /** The device refuses it: dead letter, `Rejected`. */
  | 'reject'
  /** Back to the queue, counted as a delivery; dead letter when there were too many. */
  | 'abandon'
  /** Back to the queue, not counted: the link went away. */
  | 'release';

export type DeadLetterReason = 'Expired' | 'DeliveryCountExceeded' | 'Rejected';

/** A message that was not delivered. A queue keeps its newest 50, until they are requeued or purged. */
export interface DeadLetter extends QueuedMessage {
  readonly reason: DeadLetterReason;
  readonly deadLetteredTime: number;
}

/** How many messages wait for whom. */
export interface MessageCounts {
  /** Messages in the queue, locked ones included. */
  count(identity: IdentityPath): number;
}

export interface MessageService extends MessageCounts {
  /** Resolves when the message is stored. HubErrors DeviceNotFound, ModuleNotFound, DeviceMaximumQueueDepthExceeded, MessageTooLarge, ArgumentInvalid, InvalidMessageExpiryTime. */
  send(identity: IdentityPath, message: CloudToDeviceMessage): Promise<QueuedMessage>;
  /** The oldest message nobody holds, locked; undefined when there is none. Without `lockMs` it stays locked until settled (MQTT). */
  receive(
    identity: IdentityPath,
    options: { readonly lockMs?: number | undefined },
  ): Promise<LockedMessage | undefined>;
  /** Durable when it resolves. HubError DeviceMessageLockLost. */
  settle(identity: IdentityPath, lockToken: string, settlement: Settlement): Promise<void>;
  /** Calls `wake` when a message may have become available for {@link receive}; the returned function ends that. */
  subscribe(identity: IdentityPath, wake: () => void): () => void;
  /** Without locking anything, oldest first. */
  peek(identity: IdentityPath, limit: number): Promise<readonly PeekedMessage[]>;
  /** What was not delivered, oldest first. */
  deadLetters(identity: IdentityPath, limit: number): Promise<readonly DeadLetter[]>;
  /**
   * Puts dead letters back into the queue as new messages, with the hub's default time to live; all when no numbers are given.
   * Answers how many: as many as the queue has room for.
   */
  requeue(identity: IdentityPath, sequenceNumbers?: readonly number[]): Promise<number>;
  /**
   * Empties the queue, dead letters included; the senders that asked hear `Purged`. Answers how many messages were queued.
   * HubErrors DeviceNotFound, ModuleNotFound.
   */
  purge(identity: IdentityPath): Promise<number>;
}

/** A record for the back end: feedback, or the notice of a finished upload. */
export interface ServiceDelivery {
  /** A lower-case UUID. */
  readonly lockToken: string;
  readonly sequenceNumber: number;
  readonly enqueuedTime: number;
  readonly deliveryCount: number;
  /** `application/vnd.microsoft.iothub.feedback.json` or the like. */
  readonly contentType: string;
  /** JSON text. */
  readonly body: Uint8Array;
}

/**
 * A queue the back end reads: records live an hour, a lock lasts 60 seconds, what was abandoned ten times is dropped.
 * Source: service.md §8.4, §8.5.
 */
export interface ServiceQueue {
  /** Adds a record; stored when it resolves. */
  put(contentType: string, body: Uint8Array): Promise<void>;
  /** The oldest record nobody holds, locked; undefined when there is none. */
  receive(): Promise<ServiceDelivery | undefined>;
  /** HubError DeviceMessageLockLost. */
  settle(lockToken: string, settlement: Settlement): Promise<void>;
  subscribe(wake: () => void): () => void;
}
