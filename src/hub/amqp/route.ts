/**
 * What serves an address of the AMQP front. The front speaks the protocol and tries its routes in order; the first one that knows
 * the address opens the link. Routes hold no state of their own beyond what they close over: what belongs to a connection is kept
 * under {@link AmqpConnection.shared}.
 */
import type { IdentityPath } from '../../protocol/identity-path.ts';
import type { DevicePrincipal, PeerCertificates, Permission } from '../core/services.ts';
import type { AmqpMap, Writable } from './codec/values.ts';
import type { AmqpMessage, OutgoingMessage } from './message.ts';

/** Why a link or connection ends, or a message is refused. Source: device.md §4.8, service.md §8.3, §9.1. */
export interface AmqpError {
  readonly condition: string;
  readonly description?: string | undefined;
  /** Keys are written as symbols. */
  readonly info?: ReadonlyMap<string, Writable> | undefined;
}

/** Thrown by a route that refuses with a condition no HubError stands for, such as `amqp:link:redirect`. */
export class LinkRefusal extends Error {
  override readonly name = 'LinkRefusal';
  readonly error: AmqpError;

  constructor(error: AmqpError) {
    super(error.description ?? error.condition);
    this.error = error;
  }
}

export interface LinkRoute {
  /**
   * A peer wants to send to `link.address`. Undefined: not an address of this route. A throw or rejection (HubError, LinkRefusal)
   * refuses: the peer hears an attach and then a detach with the condition. Credit is granted when this is done.
   */
  receive?(link: IncomingLink): Receiving | Promise<Receiving> | undefined;
  /** A peer wants to receive from `link.address`. */
  send?(link: OutgoingLink): Sending | Promise<Sending> | undefined;
}

interface Opened {
  /** The links of a claim are detached with amqp:unauthorized-access when its token expires. */
  readonly claim?: Claim | undefined;
  /** Properties of the answering attach; keys are written as symbols. */
  readonly properties?: ReadonlyMap<string, Writable> | undefined;
  /** The link or its connection is over, whoever ended it. Called once; deliveries that were not settled are left to the route. */
  closed?(): void;
}

/** A link on which the hub receives. */
export interface Receiving extends Opened {
  /** Messages that may be unsettled at once. Default 100. */
  readonly window?: number | undefined;
  /** Bytes of one message; larger ones end the link. Default 256 KiB and some room for headers. */
  readonly maxMessageSize?: number | undefined;
  /** Settle it, now or later: only that gives the peer new credit. A throw rejects the message. */
  message(delivery: IncomingDelivery): void;
}

/** A link on which the hub sends. */
export interface Sending extends Opened {
  /** There is credit, more than before; also called after the attach when credit came early. */
  credit?(): void;
  /** The peer wants its credit used or given back; the front gives back what is left when this is done. */
  drain?(): void | Promise<void>;
}

interface Link {
  readonly name: string;
  /** The peer's address for this link without scheme and authority, as written: with or without a leading slash. */
  readonly address: string;
  /** The address at the peer's own end; empty when it has none. */
  readonly peerAddress: string;
  readonly properties: AmqpMap;
  readonly desiredCapabilities: readonly string[];
  readonly connection: AmqpConnection;
  /** The session's number; links of one session share it. */
  readonly channel: number;
  /** False once either side has ended it. */
  readonly isOpen: boolean;
  /** Ends the link. Idempotent. */
  detach(error?: AmqpError): void;
}

export interface IncomingLink extends Link {
  readonly kind: 'incoming';
  readonly sendSettleMode: number;
}

export interface OutgoingLink extends Link {
  readonly kind: 'outgoing';
  /** Filters of the source by name, described values. */
  readonly filter: AmqpMap;
  /** True when the peer settles second: it waits for the hub's own disposition. */
  readonly settlesSecond: boolean;
  /**
   * Messages that may be sent now: what the peer has granted, 0 while too much waits to be written to it. `Sending.credit` is called
   * when there is some again, so that a route that replays a log never fills memory.
   */
  readonly credit: number;
  /** Sends a message; uses one credit. Call it only while {@link credit} is above 0. */
  send(message: OutgoingMessage, options?: SendOptions): void;
  /** The same for a message that is encoded already (see codec/encode-message.ts). */
  sendEncoded(message: Uint8Array, options?: SendOptions): void;
}

export interface SendOptions {
  /** At most 32 bytes; a counter when absent. */
  readonly tag?: Uint8Array | undefined;
  /** Wants to know what the peer makes of it; without it the message is sent settled. Not called when the link ends first. */
  readonly onOutcome?: ((outcome: Outcome, delivery: OutgoingDelivery) => void) | undefined;
}

export type Outcome = 'accepted' | 'rejected' | 'released' | 'modified';

export interface OutgoingDelivery {
  /** The hub's last word on the delivery; needed when the peer settles second, else without effect. */
  settle(error?: AmqpError): void;
}

export interface IncomingDelivery {
  /** 0 is a message; 0x80013700 a batch of encoded messages, one in each data section. */
  readonly format: number;
  readonly tag: Uint8Array;
  /** The sections, decoded on first use. Throws a HubError when they are malformed. */
  readonly message: AmqpMessage;
  /** The encoded message; a view, as everything decoded from it. */
  readonly bytes: Uint8Array;
  accept(): void;
  reject(error: AmqpError): void;
  release(): void;
}

/** A token that a connection brought, by CBS or SASL. Renewal keeps the object and moves its end. */
export interface Claim {
  /** What the token is for, decoded: `{host}/devices/{d}`, `sb://…`. */
  readonly resource: string;
  /** Unix milliseconds; undefined for a certificate, which does not end. */
  readonly expiresAt: number | undefined;
  /** The policy that signed it; undefined for an identity's own. */
  readonly policy?: string | undefined;
}

export interface DeviceGrant {
  readonly principal: DevicePrincipal;
  readonly claim: Claim;
}

/** What a connection may do. Failures are HubErrors IotHubUnauthorizedAccess, DeviceNotFound, ModuleNotFound, DeviceDisabled. */
export interface Claims {
  /** The identity, proved by one of the connection's tokens or its certificate. */
  device(identity: IdentityPath, modelId?: string): Promise<DeviceGrant>;
  /** A policy's token that covers `resource` (path below the host) and holds one of `anyOf`. */
  service(resource: string, anyOf: readonly Permission[]): Promise<Claim>;
  /** A token for the Event Hubs endpoint, or a policy's for the hub that may read events. */
  eventHub(): Promise<Claim>;
}

export interface AmqpConnection {
  readonly remote: string;
  readonly secure: boolean;
  readonly protocol: 'amqp' | 'amqp-ws';
  /** Port the peer connected to; undefined over a WebSocket. */
  readonly localPort: number | undefined;
  /** From the peer's OPEN, or from its SASL layer; lower case, no port; empty when it named none. */
  readonly hostName: string;
  readonly certificates: PeerCertificates | undefined;
  /** User and password of SASL PLAIN, as they came. Those of devices and policies are verified before OPEN, others are not. */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly claims: Claims;
  /** The value this connection keeps under the key, made on first use. The keys are objects of the routes. */
  shared<Value>(key: SharedKey<Value>): Value;
  /** Ends every open link for which this holds. */
  detachWhere(condition: (link: IncomingLink | OutgoingLink) => boolean, error: AmqpError): void;
  /** Ends a session with all its links. */
  endSession(channel: number, error: AmqpError): void;
  /** Ends the connection. Idempotent. */
  close(error?: AmqpError): void;
  /** Ends the connection without a word, as a broken network does; the reason is for the log. */
  cut(reason: string): void;
}

/** `closed` is called when the connection is over, after its links were. */
export interface SharedKey<Value> {
  create(connection: AmqpConnection): Value;
  closed?(value: Value): void;
}
