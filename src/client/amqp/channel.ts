/** What a back end sends to devices, and what it hears from the hub about it: over AMQP, on every hub. Source: service.md §8. */
import type { IdentityPath } from '../../protocol/identity-path.ts';
import type { LinkEvent } from '../service-api.ts';

/** For which outcomes the sender wants a feedback record. */
export type FeedbackRequest = 'none' | 'positive' | 'negative' | 'full';

/** A message to a device or module. */
export interface CloudMessage {
  readonly body: Uint8Array;
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  /** Unix milliseconds; the hub's default time to live when absent. */
  readonly expiresAt?: number | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** `none` when absent. */
  readonly ack?: FeedbackRequest | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** What became of a message; the hub tells when its sender asked. */
export interface FeedbackRecord {
  /** Empty when the message had no id. */
  readonly originalMessageId: string;
  readonly deviceId: string;
  readonly deviceGenerationId: string;
  readonly statusCode: 'Success' | 'Expired' | 'DeliveryCountExceeded' | 'Rejected' | 'Purged' | (string & {});
  readonly description: string;
  /** ISO 8601. */
  readonly enqueuedTimeUtc: string;
}

/** A device has uploaded a file. */
export interface UploadNotice {
  readonly deviceId: string;
  readonly blobUri: string;
  readonly blobName: string;
  /** ISO 8601, as the other times. */
  readonly lastUpdatedTime: string;
  readonly blobSizeInBytes: number;
  readonly enqueuedTimeUtc: string;
}

export interface ListenRequest {
  /** Ends the stream with its reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onLink?: ((event: LinkEvent) => void) | undefined;
  /** Told once, when the hub has granted the first link: what comes from now on is seen. */
  readonly onReady?: (() => void) | undefined;
}

/** Failures: not-authorised, hub-unreachable, tls-untrusted, throttled, and those that are said with each. */
export interface ServiceChannel {
  /**
   * Resolves when the hub has queued the message. Failures: device-not-found, quota-exceeded (the device's queue is full), refused
   * (too large, or expired). A connection lost before the hub answered is `hub-unreachable` with `maybeSent` in its details.
   */
  send(identity: IdentityPath, message: CloudMessage, signal?: AbortSignal): Promise<void>;
  /** Feedback records as the hub gives them out; each lot is taken off the hub's queue when the next one is asked for. */
  feedback(request?: ListenRequest): AsyncIterable<readonly FeedbackRecord[]>;
  /** Notices of finished uploads, in the same way. */
  uploads(request?: ListenRequest): AsyncIterable<UploadNotice>;
  close(): Promise<void>;
}
