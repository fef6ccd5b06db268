/** One connection: bytes in and out, its phases, its timers, its end. Source: AMQP 1.0 part 2.4; device.md §4.1. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { HubError } from '../../protocol/hub-errors.ts';
import type { PeerCertificates } from '../core/services.ts';
import { Timers } from '../timers.ts';
import { channelMax, Channels } from './channels.ts';
import { ConnectionClaims } from './claims.ts';
import {
  codes,
  numberField,
  readPerformative,
  textField,
  writeEnd,
  writeOpen,
  writeSaslMechanisms,
  writeSaslOutcome,
  type Performative,
} from './codec/performatives.ts';
import { DecodeError } from './codec/reader.ts';
import type { Writer } from './codec/writer.ts';
import type { AmqpContext } from './context.ts';
import { toAmqpError } from './errors.ts';
import { Pace } from '../pace.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { ProtocolError } from './protocol-error.ts';
import type { AmqpConnection, AmqpError, IncomingLink, LinkRoute, OutgoingLink, SharedKey } from './route.ts';
import {
  amqpHeader,
  readSaslInit,
  saslHeader,
  saslMechanisms,
  verifyLogin,
  type Login,
  type SaslInit,
} from './sasl.ts';
import type { Session, SessionHost } from './session.ts';
import { Share } from './share.ts';
import { Vigil } from './vigil.ts';
import { Wire, type WireTimer } from './wire.ts';

export interface ConnectionParts {
  readonly context: AmqpContext;
  readonly routes: readonly LinkRoute[];
  /** Shared by all connections; never kept over a turn. */
  readonly writer: Writer;
  readonly stream: Duplex;
  readonly remote: string;
  readonly secure: boolean;
  readonly protocol: 'amqp' | 'amqp-ws';
  readonly localPort: number | undefined;
  readonly certificates: PeerCertificates | undefined;
  /** Called once, when the stream is closed. */
  readonly onClosed: (connection: Connection) => void;
}

/** `greeted`: an AMQP header came. `ending`: the hub has said CLOSE. */
type Phase = 'silent' | 'sasl' | 'greeted' | 'open' | 'draining' | 'ending' | 'ended';

const smallestFrame = 512;
/** As much of an address as is noted of a refusal. */
const longestNoted = 256;

export class Connection implements AmqpConnection, SessionHost {
  readonly remote: string;
  readonly secure: boolean;
  readonly protocol: 'amqp' | 'amqp-ws';
  readonly localPort: number | undefined;
  readonly certificates: PeerCertificates | undefined;
  readonly claims: ConnectionClaims;
  readonly routes: readonly LinkRoute[];
  readonly writer: Writer;
  readonly connection = this;
  hostName = '';
  login: Login | undefined;
  peerFrameBytes = smallestFrame;
  readonly #context: AmqpContext;
  readonly #parts: ConnectionParts;
  readonly #wire: Wire;
  readonly #splitter: FrameSplitter;
  readonly #timers: Timers<WireTimer | 'shutdown'>;
  readonly #vigil: Vigil;
  readonly #channels: Channels;
  readonly #share: Share;
  readonly #shared = new Map<SharedKey<unknown>, unknown>();
  #phase: Phase = 'silent';
  #held = false;
  readonly #pace: Pace;
  #processing = false;
  #isTrusted = false;
  #unsettled = 0;
  #sentOpen = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.remote = parts.remote;
    this.secure = parts.secure;
    this.protocol = parts.protocol;
    this.localPort = parts.localPort;
    this.certificates = parts.certificates;
    this.routes = parts.routes;
    this.writer = parts.writer;
    const { limits, clock } = this.#context;
    this.#timers = new Timers(clock);
    this.#splitter = new FrameSplitter(Math.min(limits.firstFrameBytes, limits.frameBytes));
    this.#pace = new Pace(this.#context.paces);
    this.#share = new Share(this.#context);
    this.#channels = new Channels(this, limits.sessions);
    this.claims = new ConnectionClaims({
      context: this.#context,
      certificates: parts.certificates,
      remote: parts.remote,
      onExpired: (claim) => this.#channels.detachExpired(claim),
    });
    this.#wire = new Wire({
      stream: parts.stream,
      limits,
      timers: this.#timers,
      beforeFlush: () => this.#flushSessions(),
      onBytes: (chunk) => this.#receive(chunk),
      onDrain: () => this.#drained(),
      onStall: () => this.cut('not-reading'),
      onClosed: (error) => this.#closed(error),
    });
    this.#vigil = new Vigil({
      clock,
      limits,
      isKnown: () => this.#isKnown,
      isPaused: () => this.#wire.paused,
      takeWrote: () => this.#wire.takeWrote(),
      onUnknown: () => this.close({ condition: 'amqp:unauthorized-access', description: 'No token came in time.' }),
      onSilent: () =>
        this.close({
          condition: 'amqp:resource-limit-exceeded',
          description: 'The connection was silent for too long.',
        }),
      onQuiet: () => this.#wire.send(emptyFrame),
    });
  }

  /** True when the peer holds a token, or has a link that a certificate or login opened. */
  get #isKnown(): boolean {
    return this.claims.size > 0 || this.#channels.used;
  }

  get congested(): boolean {
    return this.#wire.congested;
  }

  shared<Value>(key: SharedKey<Value>): Value {
    const held = this.#shared.get(key);
    if (held !== undefined) return held as Value;
    const value = key.create(this);
    this.#shared.set(key, value);
    return value;
  }

  /** Says CLOSE and ends. A peer that has not been told OPEN yet is told so first: only then may there be a CLOSE. */
  close(error?: AmqpError): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    if (this.#phase === 'silent' || this.#phase === 'sasl') {
      this.cut(error?.condition ?? 'closed');
      return;
    }
    if (!this.#sentOpen) this.#writeOpen();
    this.#flushSessions();
    // The Node SDKs wait for answers to their detaches for 45 seconds, unless their session ended before the connection. Without an
    // error: clients over rhea throw one that no handler waits for.
    this.#channels.sayEnd();
    this.#endSessions();
    this.write((writer) => writeEnd(writer, 0, codes.close, error));
    this.#finish(error?.condition ?? 'closed', error?.description);
    this.#phase = 'ending';
    this.#wire.end();
  }

  detachWhere(condition: (link: IncomingLink | OutgoingLink) => boolean, error: AmqpError): void {
    this.#channels.detachWhere(condition, error);
  }

  endSession(channel: number, error: AmqpError): void {
    this.#channels.end(channel, error);
  }

  cut(reason: string): void {
    this.#finish(reason, undefined);
    this.#wire.destroy();
  }

  /** The hub goes down: what is on its way to disk may still be accepted. */
  shutdown(): void {
    if (this.#phase !== 'open') {
      this.close(goingDown);
      return;
    }
    this.#phase = 'draining';
    this.#wire.pause();
    this.#timers.arm('shutdown', this.#context.limits.shutdownMs, () => this.close(goingDown));
    this.#finishShutdown();
  }

  write(build: (writer: Writer) => void): void {
    const { writer } = this;
    writer.reset();
    build(writer);
    this.#wire.send(writer.take());
  }

  wantsFlush(session: Session): void {
    this.#channels.wantsFlush(session);
    this.#wire.schedule();
  }

  countLink(change: 1 | -1): boolean {
    return this.#share.countLink(change, this.claims.size > 0);
  }

  holdPartial(bytes: number): boolean {
    return this.#share.holdPartial(bytes);
  }

  unsettledChanged(change: 1 | -1): void {
    this.#unsettled += change;
    if (this.#phase === 'draining') queueMicrotask(() => this.#finishShutdown());
  }

  toError(thrown: unknown): AmqpError {
    return toAmqpError(thrown, this.#context);
  }

  /** Noted, because it may be somebody who tries what is not theirs. */
  refused(address: string, thrown: unknown): AmqpError {
    if (thrown instanceof HubError)
      this.#context.log.info(
        { remote: this.remote, address: address.slice(0, longestNoted), reason: thrown.message },
        'a link was refused',
      );
    return this.toError(thrown);
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    this.#vigil.heard();
    this.#countStranger(chunk.length);
    this.#splitter.push(chunk);
    this.#pace.count(0, chunk.length, this);
    if (this.#phase !== 'draining') this.#process();
  }

  /** What a peer may send before it has shown who it is has an end. */
  #countStranger(bytes: number): void {
    if (this.#isTrusted) return;
    this.#isTrusted = this.#isKnown;
    if (this.#isTrusted) this.#context.known(this.#parts.stream);
    else if (!this.#share.countStranger(bytes))
      this.close({ condition: 'amqp:resource-limit-exceeded', description: 'So much is not taken without a token.' });
  }

  /** Takes frames as long as nothing stands against it; what is left waits in the splitter, what follows in the socket. */
  #process(): void {
    if (this.#processing) return;
    this.#processing = true;
    try {
      while (this.#mayTake()) {
        const piece = this.#splitter.next();
        if (piece === 'more') {
          if (!this.#pace.resting) this.#wire.resume();
          return;
        }
        if (piece === 'header') this.#takeHeader(this.#splitter.piece);
        else if (piece === 'frame') this.#takeFrame(this.#splitter.piece);
        else throw new ProtocolError('amqp:connection:framing-error', `the frame is ${piece}`);
      }
      if (this.#phase !== 'ending' && this.#phase !== 'ended') this.#wire.pause();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#processing = false;
    }
  }

  #mayTake(): boolean {
    if (this.#held || this.#phase === 'draining' || this.#phase === 'ending' || this.#phase === 'ended') return false;
    // A peer that does not read gets no more answers to read.
    if (this.#wire.congested || this.#pace.resting) return false;
    if (!this.#context.gate.blocked) return true;
    this.#context.gate.wait(this.#resume);
    return false;
  }

  /** Goes on after its turn. */
  proceed(): void {
    if (this.#phase !== 'draining') this.#process();
  }

  readonly #resume = (): void => this.#process();

  #takeHeader(header: Buffer): void {
    this.#splitter.expectsHeader = false;
    if (header.equals(amqpHeader)) {
      this.#wire.send(amqpHeader);
      this.#phase = 'greeted';
    } else if (header.equals(saslHeader) && this.#phase === 'silent') {
      this.#wire.send(saslHeader);
      this.write((writer) => writeSaslMechanisms(writer, saslMechanisms));
      this.#phase = 'sasl';
    } else {
      // Part 2.2: the header that would have been right, then the end.
      this.#wire.send(amqpHeader);
      this.#finish('protocol', 'not AMQP 1.0');
      this.#wire.end();
    }
  }

  #takeFrame(frame: Buffer): void {
    const type = frame[5];
    if (type !== (this.#phase === 'sasl' ? 1 : 0))
      throw new ProtocolError('amqp:connection:framing-error', 'a frame of another layer');
    const performative = readPerformative(frame);
    if (performative === undefined) return;
    // Read here, where a malformed one ends the connection; what takes time comes after.
    if (this.#phase === 'sasl') void this.#verify(readSaslInit(performative));
    else if (this.#phase === 'greeted') this.#takeOpen(performative);
    else this.#takePerformative(performative, frame);
  }

  /** Checks what the SASL layer brought, and answers. Never rejects. */
  async #verify(login: SaslInit): Promise<void> {
    this.#held = true;
    let refusal: string | undefined;
    try {
      this.hostName = hostOf(login.hostName);
      this.login = login.plain;
      refusal = await verifyLogin(login, this.claims);
    } catch (error) {
      refusal = this.toError(error).condition;
    }
    this.#held = false;
    if (this.#phase !== 'sasl') return;
    this.write((writer) =>
      writeSaslOutcome(writer, refusal === undefined ? 0 : 1, refusal === undefined ? 'Welcome!' : 'Unauthorized'),
    );
    if (refusal === undefined) {
      this.#splitter.expectsHeader = true;
      this.#process();
    } else {
      this.#finish('refused', refusal);
      this.#wire.end();
    }
  }

  #takeOpen({ code, fields }: Performative): void {
    if (code !== codes.open) throw new ProtocolError('amqp:not-allowed', 'the first frame is not OPEN');
    this.hostName = hostOf(textField(fields, 1) ?? '') || this.hostName;
    const theirs = numberField(fields, 2) ?? this.#context.limits.frameBytes;
    this.peerFrameBytes = Math.min(Math.max(theirs, smallestFrame), this.#context.limits.frameBytes);
    this.#phase = 'open';
    this.#vigil.opened();
    this.#splitter.maxBytes = this.#context.limits.frameBytes;
    this.#writeOpen();
    const silence = numberField(fields, 4) ?? 0;
    if (silence > 0) this.#vigil.beat(silence);
  }

  #takePerformative(performative: Performative, frame: Buffer): void {
    if (performative.code !== codes.close) {
      this.#channels.take(performative, frame);
      return;
    }
    this.#endSessions();
    this.write((writer) => writeEnd(writer, 0, codes.close));
    this.#finish('peer-closed', undefined);
    this.#wire.end();
  }

  #writeOpen(): void {
    this.#sentOpen = true;
    const { frameBytes, idleMs } = this.#context.limits;
    this.write((writer) =>
      writeOpen(writer, {
        containerId: `DeviceGateway_${randomBytes(16).toString('hex')}`,
        hostName: 'localhost',
        maxFrameSize: frameBytes,
        channelMax,
        idleTimeout: idleMs,
      }),
    );
  }

  #flushSessions(): void {
    try {
      this.#channels.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #drained(): void {
    this.#channels.wake();
    if (this.#phase === 'draining') this.#finishShutdown();
    else this.#process();
  }

  #finishShutdown(): void {
    if (this.#phase === 'draining' && this.#unsettled === 0 && !this.#wire.congested) this.close(goingDown);
  }

  #fail(error: unknown): void {
    if (error instanceof ProtocolError) {
      this.close({ condition: error.condition, description: error.message });
    } else if (error instanceof DecodeError) {
      this.close({ condition: 'amqp:decode-error', description: error.message });
    } else {
      this.close(this.toError(error));
    }
  }

  #endSessions(): void {
    this.#flushSessions();
    this.#channels.over();
  }

  #closed(error: Error | undefined): void {
    this.#finish(error === undefined ? 'peer-closed' : 'stream-error', error?.message);
    this.#parts.onClosed(this);
  }

  /** Everything but the stream is over. Idempotent. */
  #finish(reason: string, detail: string | undefined): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#share.over();
    this.#endSessions();
    this.#timers.disarmAll();
    this.#vigil.end();
    this.#context.gate.forget(this.#resume);
    this.claims.close();
    for (const [key, value] of this.#shared) {
      try {
        key.closed?.(value);
      } catch (error) {
        this.toError(error);
      }
    }
    this.#shared.clear();
    this.#context.log.debug({ remote: this.remote, protocol: this.protocol, reason, detail }, 'AMQP connection ended');
  }
}

/** Not `amqp:connection:forced`, which would be the word for it: the Node SDKs take that as final, this as a reason to connect again. */
const goingDown: AmqpError = { condition: 'amqp:link:detach-forced', description: 'The hub is going down.' };
const emptyFrame = Buffer.of(0, 0, 0, 8, 2, 0, 0, 0);

function hostOf(text: string): string {
  return text.toLowerCase().replace(/:\d+$/, '');
}
