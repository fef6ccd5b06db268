/** The hub's ends of links: one class for each direction. Source: AMQP 1.0 part 2.6. */
import type { AmqpMap } from './codec/values.ts';
import type { Performative } from './codec/performatives.ts';
import { describedFields, mapField, numberField, textField, textsField } from './codec/performatives.ts';
import { encodeMessage } from './codec/encode-message.ts';
import { linkPath } from './address.ts';
import { Delivery } from './delivery.ts';
import type { OutgoingMessage } from './message.ts';
import type {
  AmqpConnection,
  AmqpError,
  IncomingLink,
  OutgoingLink,
  Receiving,
  SendOptions,
  Sending,
} from './route.ts';
import type { Session } from './session.ts';

/** `opening`: the route thinks about it. `detached`: the hub has ended it, the peer has not answered. */
export type LinkState = 'opening' | 'open' | 'detached' | 'gone';

export interface Termini {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
}

const defaultWindow = 100;
/** A message of the largest size, its headers and properties around it. Source: device.md §10. */
const defaultMaxMessageSize = 256 * 1024 + 64 * 1024;
/** What a piece of a message costs beside its bytes: pieces may be empty, and are counted all the same. */
const pieceOverhead = 128;

abstract class LinkEnd<Handler extends Receiving | Sending> {
  readonly session: Session;
  readonly name: string;
  readonly handle: number;
  readonly address: string;
  readonly peerAddress: string;
  readonly properties: AmqpMap;
  readonly desiredCapabilities: readonly string[];
  readonly sendSettleMode: number;
  readonly receiveSettleMode: number;
  readonly termini: Termini;
  state: LinkState = 'opening';
  handler: Handler | undefined;
  /** The hub ended it while its route was still thinking: it is told so as soon as it is open. */
  endedEarly: { readonly error: AmqpError | undefined } | undefined;

  constructor(session: Session, { fields }: Performative, termini: Termini, address: string, peerAddress: string) {
    this.session = session;
    this.name = textField(fields, 0) ?? '';
    this.handle = numberField(fields, 1) ?? 0;
    this.sendSettleMode = numberField(fields, 3) ?? 2;
    this.receiveSettleMode = numberField(fields, 4) ?? 0;
    this.desiredCapabilities = textsField(fields, 12);
    this.properties = mapField(fields, 13);
    this.termini = termini;
    this.address = linkPath(address);
    this.peerAddress = peerAddress;
  }

  get connection(): AmqpConnection {
    return this.session.connection;
  }

  get channel(): number {
    return this.session.channel;
  }

  get isOpen(): boolean {
    return this.state === 'open' || (this.state === 'opening' && this.endedEarly === undefined);
  }

  detach(error?: AmqpError): void {
    if (this.state === 'opening') this.endedEarly ??= { error };
    if (this.state !== 'open') return;
    this.state = 'detached';
    this.session.writeDetach(this.handle, true, error);
    this.over();
  }

  /** The link is over for its route. Called once for a link that was opened. */
  over(): void {
    const { handler } = this;
    this.handler = undefined;
    if (handler?.closed !== undefined) this.session.guard(() => handler.closed?.());
  }

  abstract readonly kind: 'incoming' | 'outgoing';
  /** Settings of the answering attach. */
  abstract readonly maxMessageSize: number;
  abstract opened(handler: Handler): void;
  /** Says where the link stands; the peer asked for it. */
  abstract writeState(): void;
}

export class IncomingEnd extends LinkEnd<Receiving> implements IncomingLink {
  readonly kind = 'incoming';
  /** What the peer may still send. */
  #credit = 0;
  #deliveryCount: number;
  #unsettled = 0;
  #window = defaultWindow;
  #maxMessageSize = defaultMaxMessageSize;
  #partial:
    | { id: number; tag: Uint8Array; format: number; settled: boolean; chunks: Buffer[]; bytes: number }
    | undefined;

  constructor(session: Session, attach: Performative, termini: Termini) {
    const { fields } = attach;
    super(
      session,
      attach,
      termini,
      textField(describedFields(fields[6]), 0) ?? '',
      textField(describedFields(fields[5]), 0) ?? '',
    );
    this.#deliveryCount = numberField(fields, 9) ?? 0;
  }

  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  opened(handler: Receiving): void {
    this.handler = handler;
    this.#window = handler.window ?? defaultWindow;
    this.#maxMessageSize = handler.maxMessageSize ?? defaultMaxMessageSize;
    this.session.wantsFlow(this);
  }

  /** Writes a flow when half of the window or more can be granted. */
  grant(): void {
    if (this.state !== 'open') return;
    const free = this.#window - this.#unsettled - this.#credit;
    if (free <= 0 || this.#credit > this.#window / 2) return;
    this.#credit += free;
    this.session.writeLinkFlow({
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      credit: this.#credit,
      drain: false,
    });
  }

  transfer({ fields, payload }: Performative): void {
    if (this.state !== 'open') return;
    const partial = this.#partial;
    // What is aborted is over, whatever else it says (part 2.7.5).
    const aborted = fields[9] === true;
    const more = fields[5] === true && !aborted;
    if (partial === undefined && this.#credit <= 0) {
      this.detach({ condition: 'amqp:link:transfer-limit-exceeded', description: 'no credit was left' });
      return;
    }
    const bytes = (partial?.bytes ?? 0) + payload.length;
    if (bytes > this.#maxMessageSize || !this.session.holdPartial(more ? payload.length + pieceOverhead : 0)) {
      this.detach({ condition: 'amqp:link:message-size-exceeded', description: 'the message is too large' });
      return;
    }
    const current = partial ?? beginning(fields);
    current.bytes = bytes;
    if (fields[4] === true) current.settled = true;
    if (more) {
      // A copy, because the frame's buffer would be kept for as long as the message is not complete.
      current.chunks.push(Buffer.from(payload));
      this.#partial = current;
    } else {
      this.#complete(current, partial === undefined ? payload : Buffer.concat([...current.chunks, payload]), aborted);
    }
  }

  override over(): void {
    this.#dropPartial();
    super.over();
  }

  writeState(): void {
    if (this.state !== 'open') return;
    const { handle } = this;
    this.session.writeLinkFlow({ handle, deliveryCount: this.#deliveryCount, credit: this.#credit, drain: false });
  }

  /** The route has settled a delivery. */
  settled(): void {
    this.#unsettled--;
    this.session.unsettledChanged(-1);
    this.session.wantsFlow(this);
  }

  #complete(current: ReturnType<typeof beginning>, bytes: Buffer, aborted: boolean): void {
    this.#dropPartial();
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    if (aborted) {
      this.session.wantsFlow(this);
      return;
    }
    this.#unsettled++;
    this.session.unsettledChanged(1);
    const delivery = new Delivery(this, current, bytes);
    try {
      this.handler?.message(delivery);
    } catch (error) {
      delivery.reject(this.session.toError(error));
    }
  }

  #dropPartial(): void {
    if (this.#partial === undefined) return;
    for (const chunk of this.#partial.chunks) this.session.holdPartial(-chunk.length - pieceOverhead);
    this.#partial = undefined;
  }
}

function beginning(fields: Performative['fields']) {
  const tag = fields[2];
  return {
    id: numberField(fields, 1) ?? 0,
    tag: tag instanceof Uint8Array ? tag : new Uint8Array(0),
    format: numberField(fields, 3) ?? 0,
    settled: false,
    chunks: [] as Buffer[],
    bytes: 0,
  };
}

export class OutgoingEnd extends LinkEnd<Sending> implements OutgoingLink {
  readonly kind = 'outgoing';
  readonly filter: AmqpMap;
  readonly maxMessageSize = 0;
  #credit = 0;
  #deliveryCount = 0;
  #drain = false;

  constructor(session: Session, attach: Performative, termini: Termini) {
    const source = describedFields(attach.fields[5]);
    super(session, attach, termini, textField(source, 0) ?? '', textField(describedFields(attach.fields[6]), 0) ?? '');
    this.filter = mapField(source, 7);
  }

  get settlesSecond(): boolean {
    return this.receiveSettleMode === 1;
  }

  /** The peer asked for messages that are settled as they are sent. */
  get sendsSettled(): boolean {
    return this.sendSettleMode === 1;
  }

  get credit(): number {
    return this.state === 'open' && this.session.maySend ? this.#credit : 0;
  }

  opened(handler: Sending): void {
    this.handler = handler;
    if (this.#credit > 0) this.wake();
  }

  /** Tells the route that it may send, if it may. */
  wake(): void {
    const { handler } = this;
    if (handler === undefined) return;
    if (this.credit > 0) this.session.guard(() => handler.credit?.());
    if (this.#drain) void this.#giveBack(handler);
  }

  /** A FLOW of the peer. Source: AMQP 1.0 part 2.6.7. */
  flow(deliveryCount: number | undefined, credit: number, drain: boolean): void {
    // Serial numbers: the difference counts, modulo 2^32.
    const sentSince = (this.#deliveryCount - (deliveryCount ?? 0)) | 0;
    this.#credit = Math.max(0, credit - sentSince);
    this.#drain = drain;
    this.wake();
  }

  writeState(): void {
    if (this.state !== 'open') return;
    const { handle } = this;
    const drain = this.#drain;
    this.session.writeLinkFlow({ handle, deliveryCount: this.#deliveryCount, credit: this.#credit, drain });
  }

  send(message: OutgoingMessage, options?: SendOptions): void {
    this.sendEncoded(encodeMessage(message, this.session.writer), options);
  }

  sendEncoded(message: Uint8Array, options: SendOptions = {}): void {
    if (this.state !== 'open') return;
    this.#credit = Math.max(0, this.#credit - 1);
    const tag = options.tag ?? counterTag(this.#deliveryCount);
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    this.session.send(this, tag, message, options.onOutcome);
  }

  async #giveBack(handler: Sending): Promise<void> {
    try {
      await handler.drain?.();
    } catch (error) {
      this.session.toError(error);
    }
    if (!this.#drain || this.state !== 'open' || !this.session.maySend) return;
    this.#drain = false;
    this.#deliveryCount = (this.#deliveryCount + this.#credit) >>> 0;
    this.#credit = 0;
    this.session.writeLinkFlow({ handle: this.handle, deliveryCount: this.#deliveryCount, credit: 0, drain: true });
  }
}

function counterTag(count: number): Uint8Array {
  const tag = Buffer.allocUnsafe(4);
  tag.writeUInt32BE(count);
  return tag;
}

export type AnyLink = IncomingEnd | OutgoingEnd;
