/** A session: windows, the links in it, and what is not settled yet. Source: AMQP 1.0 part 2.5. */
import { HubError } from '../../protocol/hub-errors.ts';
import { AmqpDescribed, type AmqpValue } from './codec/values.ts';
import {
  codes,
  numberField,
  outcomeCodes,
  readTermini,
  transferOverhead,
  writeAttach,
  writeBegin,
  writeDetach,
  writeDisposition,
  writeFlow,
  writeTransfer,
  type DispositionFields,
  type FlowFields,
  type Performative,
} from './codec/performatives.ts';
import type { Writer } from './codec/writer.ts';
import { isCbsAddress } from './address.ts';
import { IncomingEnd, OutgoingEnd, type AnyLink } from './links.ts';
import { ProtocolError } from './protocol-error.ts';
import type { AmqpConnection, AmqpError, LinkRoute, Outcome, Receiving, SendOptions, Sending } from './route.ts';

/** What a session needs of its connection. */
export interface SessionHost {
  readonly connection: AmqpConnection;
  readonly routes: readonly LinkRoute[];
  readonly writer: Writer;
  /** The largest frame the peer takes. */
  readonly peerFrameBytes: number;
  /** True while the peer leaves unread what was sent to it. */
  readonly congested: boolean;
  write(build: (writer: Writer) => void): void;
  /** The session has something to write at the end of this turn. */
  wantsFlush(session: Session): void;
  /** Counts a link that comes (1) or goes (-1); false when there are too many. */
  countLink(change: 1 | -1): boolean;
  /** Counts bytes of messages that are not complete; false when there are too many. */
  holdPartial(bytes: number): boolean;
  unsettledChanged(change: 1 | -1): void;
  toError(thrown: unknown): AmqpError;
}

/** As the cloud hub announces it (device.md §4.1). */
const incomingWindow = 5_000;
const outgoingWindow = 0xffff_ffff;
const handleMax = 262_143;
const firstOutgoingId = 1;
/** Sent and not settled by the peer; the routes wait when there are more. */
const mostUnsettled = 5_000;

interface Unsettled {
  readonly link: OutgoingEnd;
  readonly onOutcome: NonNullable<SendOptions['onOutcome']>;
}

interface Queued {
  readonly link: OutgoingEnd;
  readonly deliveryId: number;
  readonly tag: Uint8Array;
  readonly settled: boolean;
  readonly more: boolean;
  readonly payload: Uint8Array;
}

export class Session {
  readonly channel: number;
  readonly #host: SessionHost;
  readonly #links = new Map<number, AnyLink>();
  readonly #unsettled = new Map<number, Unsettled>();
  readonly #flows = new Set<IncomingEnd>();
  #queue: Queued[] = [];
  #nextOutgoingId = firstOutgoingId;
  #nextDeliveryId = 0;
  #peerWindow: number;
  #nextIncomingId: number;
  #incomingLeft = incomingWindow;
  #outcomes: DispositionFields | undefined;
  #over = false;

  constructor(host: SessionHost, { channel, fields }: Performative) {
    this.#host = host;
    this.channel = channel;
    this.#nextIncomingId = numberField(fields, 1) ?? 0;
    this.#peerWindow = numberField(fields, 2) ?? 0;
    host.write((writer) =>
      writeBegin(writer, channel, {
        remoteChannel: channel,
        nextOutgoingId: firstOutgoingId,
        incomingWindow,
        outgoingWindow,
        handleMax,
      }),
    );
  }

  get connection(): AmqpConnection {
    return this.#host.connection;
  }

  get writer(): Writer {
    return this.#host.writer;
  }

  get maySend(): boolean {
    return this.#queue.length === 0 && !this.#host.congested && this.#unsettled.size < mostUnsettled;
  }

  /** True while a link is open that not everybody may open. */
  get isUsed(): boolean {
    for (const { state, address } of this.#links.values()) if (state === 'open' && !isCbsAddress(address)) return true;
    return false;
  }

  /** A frame on the session's channel. */
  handle(performative: Performative, frame: Buffer): void {
    switch (performative.code) {
      case codes.attach:
        this.#attach(performative, frame);
        break;
      case codes.flow:
        this.#flow(performative);
        break;
      case codes.transfer:
        this.#transfer(performative);
        break;
      case codes.disposition:
        this.#disposition(performative);
        break;
      case codes.detach:
        this.#detach(performative);
        break;
      default:
        throw new ProtocolError('amqp:not-allowed', 'a frame of this kind does not belong in a session');
    }
  }

  /** Ends every link without a word: the session or connection is gone. */
  over(): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#unsettled.clear();
    for (const link of this.#links.values()) {
      const wasOpen = link.state === 'open';
      link.state = 'gone';
      this.#host.countLink(-1);
      if (wasOpen) link.over();
    }
    this.#links.clear();
  }

  detachWhere(condition: (link: AnyLink) => boolean, error: AmqpError): void {
    for (const link of this.#links.values()) if (condition(link)) link.detach(error);
  }

  /** The connection's outgoing buffer or the session's window has room again. */
  wake(): void {
    this.#sendQueued();
    if (this.maySend) for (const link of this.#links.values()) if (link.kind === 'outgoing') link.wake();
  }

  /** Writes what the turn has gathered: outcomes first, then credit. */
  flush(): void {
    this.#writeOutcomes();
    for (const link of this.#flows) link.grant();
    this.#flows.clear();
  }

  guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#host.toError(error);
    }
  }

  toError(thrown: unknown): AmqpError {
    return this.#host.toError(thrown);
  }

  wantsFlow(link: IncomingEnd): void {
    if (this.#over) return;
    this.#flows.add(link);
    this.#host.wantsFlush(this);
  }

  holdPartial(bytes: number): boolean {
    return this.#host.holdPartial(bytes);
  }

  unsettledChanged(change: 1 | -1): void {
    this.#host.unsettledChanged(change);
  }

  /** Neighbours with the same outcome share a frame. */
  settleIncoming(id: number, outcome: 'accepted' | 'rejected' | 'released', error?: AmqpError): void {
    if (this.#over) return;
    const before = this.#outcomes;
    const follows = before !== undefined && error === undefined && before.outcome === outcome && id === before.last + 1;
    if (follows) {
      this.#outcomes = { ...before, last: id };
      return;
    }
    this.#writeOutcomes();
    this.#outcomes = { receiver: true, first: id, last: id, outcome, error };
    this.#host.wantsFlush(this);
  }

  writeDetach(handle: number, closed: boolean, error?: AmqpError): void {
    this.#writeOutcomes();
    this.#host.write((writer) => writeDetach(writer, this.channel, handle, closed, error));
  }

  writeLinkFlow(link: NonNullable<FlowFields['link']>): void {
    this.#writeFlow(link);
  }

  /** Sends a message in as many frames as it needs. */
  transfer(
    link: OutgoingEnd,
    tag: Uint8Array,
    message: Uint8Array,
    presettled: boolean,
    onOutcome: SendOptions['onOutcome'],
  ): void {
    const deliveryId = this.#nextDeliveryId;
    this.#nextDeliveryId = (deliveryId + 1) >>> 0;
    const settled = presettled || onOutcome === undefined;
    if (!settled) this.#unsettled.set(deliveryId, { link, onOutcome });
    else if (onOutcome !== undefined) queueMicrotask(() => this.guard(() => onOutcome('accepted', alreadySettled)));
    const room = Math.max(this.#host.peerFrameBytes - transferOverhead - tag.length, 256);
    for (let at = 0; ; at += room) {
      const more = at + room < message.length;
      const payload = message.subarray(at, at + room);
      this.#queue.push({ link, deliveryId, tag, settled, more, payload });
      if (!more) break;
    }
    this.#sendQueued();
  }

  #sendQueued(): void {
    let sent = 0;
    for (const queued of this.#queue) {
      if (queued.link.state === 'open') {
        if (this.#peerWindow <= 0) break;
        this.#peerWindow--;
        this.#nextOutgoingId = (this.#nextOutgoingId + 1) >>> 0;
        const transfer = { ...queued, handle: queued.link.handle };
        this.#host.write((writer) => writeTransfer(writer, this.channel, transfer, queued.payload));
      }
      sent++;
    }
    if (sent === this.#queue.length) this.#queue = [];
    else if (sent > 0) this.#queue.splice(0, sent);
  }

  #attach(attach: Performative, frame: Buffer): void {
    const handle = numberField(attach.fields, 1);
    if (handle === undefined || handle > handleMax)
      throw new ProtocolError('amqp:not-allowed', 'an attach without a handle');
    if (this.#links.has(handle)) throw new ProtocolError('amqp:session:handle-in-use', 'the handle is in use');
    const termini = readTermini(frame);
    const link =
      attach.fields[2] === true ? new OutgoingEnd(this, attach, termini) : new IncomingEnd(this, attach, termini);
    this.#links.set(handle, link);
    const allowed = this.#host.countLink(1);
    if (link.kind === 'incoming') this.#open(link, (route) => (allowed ? route.receive?.(link) : tooMany()));
    else this.#open(link, (route) => (allowed ? route.send?.(link) : tooMany()));
  }

  /** Answers at once when the route does. */
  #open<Handler extends Receiving | Sending>(
    link: AnyLink & { opened(handler: Handler): void },
    ask: (route: LinkRoute) => Handler | Promise<Handler> | undefined,
  ): void {
    try {
      for (const route of this.#host.routes) {
        const handler = ask(route);
        if (handler === undefined) continue;
        if (handler instanceof Promise) {
          handler.then(
            (opened) => this.#opened(link, opened),
            (error: unknown) => this.#refuse(link, error),
          );
        } else {
          this.#opened(link, handler);
        }
        return;
      }
      throw new HubError('AmqpAddressNotFound', 'The link address is not one this hub serves.');
    } catch (error) {
      this.#refuse(link, error);
    }
  }

  #opened<Handler extends Receiving | Sending>(
    link: AnyLink & { opened(handler: Handler): void },
    handler: Handler,
  ): void {
    if (link.state !== 'opening') {
      // The peer, or the connection, went away meanwhile.
      this.guard(() => handler.closed?.());
      return;
    }
    link.state = 'open';
    link.handler = handler as never;
    if (link.kind === 'incoming') (link as IncomingEnd).opened(handler as Receiving);
    this.#writeAttach(link, handler.properties);
    if (link.kind === 'outgoing') link.opened(handler);
  }

  #refuse(link: AnyLink, thrown: unknown): void {
    const error = this.#host.toError(thrown);
    if (link.state !== 'opening') return;
    link.state = 'detached';
    this.#writeAttach(link, undefined, true);
    this.writeDetach(link.handle, true, error);
  }

  #writeAttach(link: AnyLink, properties: Receiving['properties'], refused = false): void {
    this.#host.write((writer) =>
      writeAttach(writer, this.channel, {
        name: link.name,
        handle: link.handle,
        receiver: link.kind === 'incoming',
        sendSettleMode: link.sendSettleMode,
        receiveSettleMode: link.receiveSettleMode,
        termini: refused ? undefined : link.termini,
        maxMessageSize: link.maxMessageSize,
        properties,
      }),
    );
  }

  #detach({ fields }: Performative): void {
    const link = this.#link(fields);
    const { state } = link;
    link.state = 'gone';
    this.#links.delete(link.handle);
    this.#host.countLink(-1);
    if (state === 'detached') return;
    if (state === 'opening') this.#writeAttach(link, undefined, true);
    this.writeDetach(link.handle, fields[1] === true);
    if (state === 'open') link.over();
    for (const [id, { link: owner }] of this.#unsettled) if (owner === link) this.#unsettled.delete(id);
  }

  #flow({ fields }: Performative): void {
    const nextIncomingId = numberField(fields, 0) ?? firstOutgoingId;
    this.#peerWindow = (nextIncomingId + (numberField(fields, 1) ?? 0) - this.#nextOutgoingId) | 0;
    const outgoing = numberField(fields, 2);
    if (outgoing !== undefined) this.#nextIncomingId = outgoing;
    this.#sendQueued();
    if (numberField(fields, 4) === undefined) {
      this.wake();
    } else {
      const link = this.#link(fields, 4);
      if (link.kind === 'outgoing') link.flow(numberField(fields, 5), numberField(fields, 6) ?? 0, fields[8] === true);
    }
    if (fields[9] === true) this.#writeFlow();
  }

  #transfer(transfer: Performative): void {
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    this.#incomingLeft--;
    if (this.#incomingLeft < 0) throw new ProtocolError('amqp:session:window-violation', 'the window was closed');
    const link = this.#link(transfer.fields, 0);
    if (link.kind !== 'incoming') throw new ProtocolError('amqp:not-allowed', 'a transfer on a link that receives');
    link.transfer(transfer);
    if (this.#incomingLeft < incomingWindow / 2) this.#writeFlow();
  }

  /** The peer's word on what the hub sent. Ranges cost no more than what is unsettled. */
  #disposition({ fields }: Performative): void {
    if (fields[0] !== true) return;
    const first = numberField(fields, 1) ?? 0;
    const last = numberField(fields, 2) ?? first;
    const settled = fields[3] === true;
    const outcome = outcomeOf(fields[4], settled);
    if (outcome === undefined) return;
    if (last - first < this.#unsettled.size) for (let id = first; id <= last; id++) this.#outcome(id, outcome, settled);
    else for (const id of this.#unsettled.keys()) if (id >= first && id <= last) this.#outcome(id, outcome, settled);
  }

  #outcome(id: number, outcome: Outcome, settledByPeer: boolean): void {
    const unsettled = this.#unsettled.get(id);
    if (unsettled === undefined) return;
    this.#unsettled.delete(id);
    const { link, onOutcome } = unsettled;
    let open = !settledByPeer;
    const settle = (error?: AmqpError): void => {
      if (!open || link.state !== 'open' || this.#over) return;
      open = false;
      const answer = error === undefined ? ('accepted' as const) : ('rejected' as const);
      this.#host.write((writer) =>
        writeDisposition(writer, this.channel, { receiver: false, first: id, last: id, outcome: answer, error }),
      );
    };
    this.guard(() => onOutcome(outcome, { settle }));
    if (!link.settlesSecond) settle();
  }

  #writeOutcomes(): void {
    const outcomes = this.#outcomes;
    if (outcomes === undefined) return;
    this.#outcomes = undefined;
    this.#host.write((writer) => writeDisposition(writer, this.channel, outcomes));
  }

  #writeFlow(link?: FlowFields['link']): void {
    this.#incomingLeft = incomingWindow;
    this.#host.write((writer) =>
      writeFlow(writer, this.channel, {
        nextIncomingId: this.#nextIncomingId,
        incomingWindow,
        nextOutgoingId: this.#nextOutgoingId,
        outgoingWindow,
        link,
      }),
    );
  }

  #link(fields: readonly AmqpValue[], index = 0): AnyLink {
    const link = this.#links.get(numberField(fields, index) ?? -1);
    if (link === undefined) throw new ProtocolError('amqp:session:unattached-handle', 'no link has this handle');
    return link;
  }
}

const alreadySettled = { settle: () => undefined };

function tooMany(): never {
  throw new HubError('IotHubQuotaExceeded', 'The connection has too many links.');
}

const outcomes: ReadonlyMap<unknown, Outcome> = new Map([
  [outcomeCodes.accepted, 'accepted'],
  [outcomeCodes.rejected, 'rejected'],
  [outcomeCodes.released, 'released'],
  [outcomeCodes.modified, 'modified'],
]);

/** Undefined for a word that is not the last one. A settlement that says nothing leaves the message undelivered. */
function outcomeOf(state: AmqpValue | undefined, settled: boolean): Outcome | undefined {
  const known = state instanceof AmqpDescribed ? outcomes.get(state.descriptor) : undefined;
  return known ?? (settled ? 'released' : undefined);
}
