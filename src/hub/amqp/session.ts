/** A session: windows, the links in it, and what is not settled yet. Source: AMQP 1.0 part 2.5. */
import { HubError } from '../../protocol/hub-errors.ts';
import type { AmqpValue } from './codec/values.ts';
import {
  codes,
  numberField,
  readTermini,
  writeAttach,
  writeBegin,
  writeDetach,
  writeDisposition,
  writeFlow,
  type DispositionFields,
  type FlowFields,
  type Performative,
} from './codec/performatives.ts';
import type { Writer } from './codec/writer.ts';
import { IncomingEnd, OutgoingEnd, type AnyLink } from './links.ts';
import { firstOutgoingId, Outgoing } from './outgoing.ts';
import { ProtocolError } from './protocol-error.ts';
import type { AmqpConnection, AmqpError, LinkRoute, Receiving, SendOptions, Sending } from './route.ts';

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
  /** Counts a link that comes (1) or goes (-1); false when it is to be refused. Throws a ProtocolError when too many are not even taken away. */
  countLink(change: 1 | -1): boolean;
  /** Counts bytes of messages that are not complete; false when there are too many. */
  holdPartial(bytes: number): boolean;
  unsettledChanged(change: 1 | -1): void;
  toError(thrown: unknown): AmqpError;
  /** What a peer hears whose link to the address is refused. */
  refused(address: string, thrown: unknown): AmqpError;
}

/** As the cloud hub announces it (device.md §4.1). */
const incomingWindow = 5_000;
const outgoingWindow = 0xffff_ffff;
const handleMax = 262_143;
/** Addresses, a name, filters and a model: what an attach holds is kept as long as its link. */
const largestAttach = 16 * 1024;

export class Session {
  readonly channel: number;
  readonly #host: SessionHost;
  readonly #links = new Map<number, AnyLink>();
  readonly #outgoing: Outgoing;
  readonly #flows = new Set<IncomingEnd>();
  #nextIncomingId: number;
  #incomingLeft = incomingWindow;
  #outcomes: DispositionFields | undefined;
  #over = false;

  constructor(host: SessionHost, { channel, fields }: Performative) {
    this.#host = host;
    this.channel = channel;
    this.#nextIncomingId = numberField(fields, 1) ?? 0;
    this.#outgoing = new Outgoing({
      channel,
      peerFrameBytes: host.peerFrameBytes,
      window: numberField(fields, 2) ?? 0,
      write: (build) => host.write(build),
      guard: (action) => this.guard(action),
    });
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
    return this.#outgoing.hasRoom && !this.#host.congested;
  }

  /** True while a link is open for which somebody showed who they are. */
  get isUsed(): boolean {
    for (const { handler } of this.#links.values()) if (handler?.claim !== undefined) return true;
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
        // What a sender says of what the hub received changes nothing: the hub has settled it.
        if (performative.fields[0] === true) this.#outgoing.disposition(performative);
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
    this.#outgoing.close();
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
    this.#outgoing.flush();
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

  send(link: OutgoingEnd, tag: Uint8Array, message: Uint8Array, onOutcome: SendOptions['onOutcome']): void {
    this.#outgoing.send(link, tag, message, onOutcome);
  }

  writeLinkFlow(link: NonNullable<FlowFields['link']>): void {
    this.#writeFlow(link);
  }

  #attach(attach: Performative, frame: Buffer): void {
    const handle = numberField(attach.fields, 1);
    if (handle === undefined || handle > handleMax)
      throw new ProtocolError('amqp:not-allowed', 'an attach without a handle');
    if (frame.length > largestAttach)
      throw new ProtocolError('amqp:resource-limit-exceeded', 'the attach is too large');
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
          handler.then((opened) => this.#opened(link, opened)).catch((error: unknown) => this.#refuse(link, error));
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
    if (link.endedEarly !== undefined) link.detach(link.endedEarly.error);
    else if (link.kind === 'outgoing') link.opened(handler);
  }

  #refuse(link: AnyLink, thrown: unknown): void {
    const error = this.#host.refused(link.address, thrown);
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
    if (link.kind === 'outgoing') this.#outgoing.forget(link);
    if (state === 'detached') return;
    if (state === 'opening') this.#writeAttach(link, undefined, true);
    this.writeDetach(link.handle, fields[1] === true);
    if (state === 'open') link.over();
  }

  #flow(flow: Performative): void {
    const { fields } = flow;
    const outgoing = numberField(fields, 2);
    if (outgoing !== undefined) this.#nextIncomingId = outgoing;
    this.#outgoing.flow(flow);
    const asked = fields[9] === true;
    if (numberField(fields, 4) === undefined) {
      this.wake();
      if (asked) this.#writeFlow();
      return;
    }
    const link = this.#link(fields, 4);
    if (link.kind === 'outgoing') link.flow(numberField(fields, 5), numberField(fields, 6) ?? 0, fields[8] === true);
    if (asked) link.writeState();
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
        nextOutgoingId: this.#outgoing.nextId,
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

function tooMany(): never {
  throw new HubError('IotHubQuotaExceeded', 'The connection has too many links.');
}
