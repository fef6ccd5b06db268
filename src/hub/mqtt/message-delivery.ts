/** Messages to a device over MQTT: a PUBACK completes, nothing rejects or abandons. Source: device.md §2.5. */
import type { IdentityPath } from '../../protocol/identity-path.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import { encodeBag, messageTopic } from '../../protocol/mqtt/index.ts';
import { isoTicks } from '../../protocol/time.ts';
import { messageOf } from '../../std/message-of.ts';
import type { LockedMessage, MessageService, QueuedMessage, Settlement } from '../core/messages/service.ts';
import type { HubLog } from '../log.ts';
import type { Wire } from './device-link.ts';
import type { MqttLimits } from './limits.ts';
import { encodeMessage, type Delivery } from './packets.ts';

/** What all devices share. */
export interface MessageDeliveryContext {
  readonly core: { readonly messages: MessageService };
  readonly log: HubLog;
  /** `messagesInFlight`: messages on their way at once. */
  readonly limits: Pick<MqttLimits, 'messagesInFlight'>;
}

interface InFlight {
  readonly packetIdentifier: number;
  readonly lockToken: string;
}

const largestIdentifier = 65_535;
const none: readonly InFlight[] = [];

export class MessageDelivery {
  readonly #context: MessageDeliveryContext;
  readonly #wire: Wire;
  readonly #identity: IdentityPath;
  /** In the order they were sent, which is the order they must be acknowledged in. */
  #inFlight: readonly InFlight[] = none;
  #qos: 0 | 1 | undefined;
  #leave: (() => void) | undefined;
  #delivering = false;
  #lookAgain = false;
  #ended = false;

  constructor(context: MessageDeliveryContext, wire: Wire, identity: IdentityPath) {
    this.#context = context;
    this.#wire = wire;
    this.#identity = identity;
  }

  /** Sends what waits, with the quality of service the device subscribed with; undefined when it does not listen. */
  deliver(qos: 0 | 1 | undefined): void {
    this.#qos = qos;
    if (qos === undefined) {
      this.#leave?.();
      this.#leave = undefined;
    } else {
      this.#leave ??= this.#context.core.messages.subscribe(this.#identity, () => this.#deliverSoon());
      this.#deliverSoon();
    }
  }

  acknowledged(packetIdentifier: number | undefined): void {
    const oldest = this.#inFlight[0];
    if (oldest === undefined || oldest.packetIdentifier !== packetIdentifier) {
      this.#wire.end('protocol', 'PUBACKs must follow the order of the messages');
      return;
    }
    this.#inFlight = this.#inFlight.slice(1);
    void this.#settle(oldest.lockToken, 'complete');
    this.#deliverSoon();
  }

  /** The connection is over: what was not acknowledged goes back to the queue. */
  end(): void {
    this.#ended = true;
    this.#leave?.();
    const left = this.#inFlight;
    this.#inFlight = none;
    for (const { lockToken } of left) void this.#settle(lockToken, 'release');
  }

  #deliverSoon(): void {
    this.#lookAgain = true;
    if (this.#delivering) return;
    this.#delivering = true;
    void this.#deliverAll();
  }

  /** Never rejects. */
  async #deliverAll(): Promise<void> {
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        while (this.#mayDeliver && (await this.#deliverNext()));
      }
    } catch (error) {
      this.#fail(error, 'messages cannot be read');
    } finally {
      // In the same turn as the last look: a message that comes later starts a new round.
      this.#delivering = false;
    }
  }

  get #mayDeliver(): boolean {
    const { messagesInFlight } = this.#context.limits;
    return !this.#ended && this.#qos !== undefined && this.#inFlight.length < messagesInFlight && this.#wire.writable;
  }

  /** False when there was nothing to deliver. */
  async #deliverNext(): Promise<boolean> {
    const message = await this.#context.core.messages.receive(this.#identity, {});
    if (message === undefined) return false;
    if (this.#mayDeliver) this.#send(message);
    else await this.#settle(message.lockToken, 'release');
    return true;
  }

  #send(message: LockedMessage): void {
    const identity = this.#identity;
    const { log } = this.#context;
    const { lockToken, redelivered, sequenceNumber } = message;
    const delivery: Delivery | undefined =
      this.#qos === 1 ? { packetIdentifier: this.#identifierFor(sequenceNumber), dup: redelivered } : undefined;
    const packet = encodeMessage(messageTopic(identity, bagOf(message)), message.body, delivery);
    if (packet === undefined) {
      log.warn({ identity, sequenceNumber }, 'a message has more properties than a topic can carry; it is rejected');
      void this.#settle(lockToken, 'reject');
      return;
    }
    if (delivery !== undefined)
      this.#inFlight = [...this.#inFlight, { packetIdentifier: delivery.packetIdentifier, lockToken }];
    this.#wire.send(packet);
    if (delivery === undefined) void this.#settle(lockToken, 'complete');
  }

  /** The same for a message each time it is sent, so that a late PUBACK of an earlier connection is not taken for another's. */
  #identifierFor(sequenceNumber: number): number {
    let identifier = (sequenceNumber % largestIdentifier) + 1;
    while (this.#inFlight.some(({ packetIdentifier }) => packetIdentifier === identifier))
      identifier = (identifier % largestIdentifier) + 1;
    return identifier;
  }

  /** Never rejects. A lock that is lost is no trouble: the message expired, or the queue was emptied. */
  async #settle(lockToken: string, settlement: Settlement): Promise<void> {
    const { messages } = this.#context.core;
    const identity = this.#identity;
    try {
      await messages.settle(identity, lockToken, settlement);
    } catch (error) {
      if (error instanceof HubError && error.symbol === 'DeviceMessageLockLost') return;
      this.#fail(error, 'a message cannot be settled');
      // What could not be completed is delivered again, to the device's next connection.
      if (settlement === 'complete') await messages.settle(identity, lockToken, 'release').catch(() => undefined);
    }
  }

  #fail(error: unknown, what: string): void {
    this.#context.log.error({ identity: this.#identity, error: messageOf(error) }, what);
    this.#wire.end('failed', what);
  }
}

/** The order and the encoding are what the parsers of the SDKs need; `$.to` keeps the bag from being empty. */
function bagOf(message: QueuedMessage): string {
  const { messageId, correlationId, userId, contentType, contentEncoding, ack } = message;
  return encodeBag({
    system: {
      ...present('message-id', messageId),
      ...present('correlation-id', correlationId),
      ...present('user-id', userId),
      to: message.to,
      'absolute-expiry-time': isoTicks(message.expiresAt),
      ...present('content-type', contentType),
      ...present('content-encoding', contentEncoding),
    },
    properties: { ...(ack === 'none' ? {} : { 'iothub-ack': ack }), ...message.properties },
  });
}

/** A pair without a value is more than some SDKs can read. */
function present<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { [Key in Name]: string });
}
