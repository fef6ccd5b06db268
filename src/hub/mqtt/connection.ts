/**
 * One connection: bytes in and out, its phases, its deadlines, its end. There are thousands, most of them idle: what one needs only now and
 * then is borrowed or made when it is needed, and the functions that its stream calls are the same for all.
 */
import type { Duplex } from 'node:stream';
import type { PeerCertificates } from '../core/services.ts';
import type { RegistrationAddress } from '../../protocol/provisioning/index.ts';
import { messageOf } from '../../std/message-of.ts';
import type { StoredFilter } from '../core/ports.ts';
import { listen, type Carried } from './carrier.ts';
import { newAttempt, runConnectSteps, type ConnectAttempt, type Refusal } from './connect.ts';
import type { EndReason, FrontContext } from './context.ts';
import { DeviceLink, type Wire } from './device-link.ts';
import type { Frame, FrameReader, FrameStep } from './frame-reader.ts';
import { largestPacket } from './limits.ts';
import { endAndLinger } from '../linger.ts';
import { Pace } from '../pace.ts';
import { connack, connackCodes, packetTypes, pingResponse, readPuback } from './packets.ts';
import { largestRegistrationPacket, registrationLifeMs, RegistrationTalk } from './registration-talk.ts';
import { subscribe, unsubscribe, type Outcome } from './subscribe.ts';
import { Subscriptions } from './subscriptions.ts';
import { Vigil, type Overdue, type Watched } from './vigil.ts';

export interface ConnectionParts {
  readonly context: FrontContext;
  readonly stream: Duplex;
  readonly remote: string;
  readonly secure: boolean;
  /** What the peer showed in its TLS handshake. */
  readonly certificates: PeerCertificates | undefined;
  readonly protocol: 'mqtt' | 'mqtt-ws';
  /** Called once, when the stream is closed. */
  readonly onClosed: (connection: Connection) => void;
}

/** `ending`: no packet is taken any more, but the last bytes may still go out. */
type Phase = 'silent' | 'connecting' | 'open' | 'ending' | 'ended';

export class Connection implements Wire, Carried, Watched {
  readonly remote: string;
  readonly protocol: 'mqtt' | 'mqtt-ws';
  readonly #context: FrontContext;
  readonly #stream: Duplex;
  readonly #secure: boolean;
  readonly #onClosed: (connection: Connection) => void;
  /** Until the CONNECT. */
  #certificates: PeerCertificates | undefined;
  /** Borrowed as long as bytes wait to be read. */
  #reader: FrameReader | undefined;
  #phase: Phase = 'silent';
  #link: DeviceLink | undefined;
  #registration: RegistrationTalk | undefined;
  /** An answer is being prepared that must come before the next packet is looked at. */
  #held = false;
  /** Bytes of a packet that is not whole yet. */
  #kept = 0;
  /** Of a device that has sent something. */
  #pace: Pace | undefined;
  #processing = false;
  #peerGone = false;
  /** What was asked of the gate. */
  #resume: (() => void) | undefined;
  readonly #vigil: Vigil;

  constructor(parts: ConnectionParts) {
    this.#context = parts.context;
    this.#stream = parts.stream;
    this.#secure = parts.secure;
    this.#certificates = parts.certificates;
    this.#onClosed = parts.onClosed;
    this.remote = parts.remote;
    this.protocol = parts.protocol;
    this.#vigil = new Vigil(this, this.#context);
    this.#vigil.phase(this.#context.limits.connectTimeoutMs);
    listen(parts.stream, this);
  }

  get writable(): boolean {
    return this.#phase === 'open' && !this.#stream.writableNeedDrain;
  }

  send(packet: Uint8Array): void {
    if (this.#phase === 'ended' || this.#stream.destroyed || this.#stream.writableEnded) return;
    if (this.#stream.write(packet)) return;
    const { limits } = this.#context;
    if (this.#stream.writableLength > limits.outboundBytes) this.end('not-reading');
    else this.#vigil.stalled(limits.writeStallMs);
  }

  proceed(): void {
    if (this.#phase === 'ending') this.#finishShutdown();
    else this.#process();
  }

  /** Cuts the connection. Idempotent; never throws. */
  end(reason: EndReason, detail?: string): void {
    if (this.#phase === 'ended') return;
    this.#finish(reason, detail);
    this.#stream.destroy();
  }

  shutdown(): void {
    if (this.#phase !== 'open') {
      this.end('shutdown');
      this.#stream.destroy();
      return;
    }
    this.#phase = 'ending';
    this.#stream.pause();
    this.#vigil.phase(this.#context.limits.shutdownMs);
    this.#finishShutdown();
  }

  get isPaused(): boolean {
    return this.#stream.isPaused();
  }

  overdue(what: Overdue): void {
    if (what === 'stall') this.end('not-reading');
    else if (what === 'silence') this.end('silent', 'keep-alive');
    else if (what === 'packet') this.end('silent', 'a packet that does not end');
    else this.#phaseOver();
  }

  #phaseOver(): void {
    if (this.#phase === 'silent') this.end('silent', 'no CONNECT in time');
    else if (this.#phase === 'ending') this.end('shutdown');
    else if (this.#phase === 'ended') this.#stream.destroy();
    else this.end('token-expired', this.#registration && 'a registration does not take so long');
  }

  drained(): void {
    this.#vigil.reads();
    this.#link?.deliver();
    this.proceed();
  }

  failed(error: Error): void {
    this.end('stream-error', error.message);
  }

  closed(): void {
    this.peerClosed();
    this.#vigil.end();
    this.#onClosed(this);
  }

  received(chunk: Buffer): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    this.#vigil.heard();
    if (this.#link !== undefined) this.#context.core.sessions.touch(this.#link.identity);
    this.#reader ??= this.#context.readers.take();
    this.#reader.push(chunk);
    if (this.#link !== undefined) this.#count(0, chunk.length);
    this.#process();
  }

  #count(packets: number, bytes: number): void {
    this.#pace ??= new Pace(this.#context.paces);
    this.#pace.count(packets, bytes, this);
  }

  /** Takes packets as long as nothing stands against it; what is left waits in the reader, what follows in the socket. */
  #process(): void {
    // A packet's work may ask to proceed while its packet is still being handled.
    if (this.#processing) return;
    this.#processing = true;
    try {
      while (this.#mayTake()) {
        const reader = this.#reader;
        const step = reader === undefined ? 'more' : this.#next(reader);
        if (reader === undefined || step === 'more') {
          if (!this.#pace?.resting) this.#stream.resume();
          return;
        }
        if (step === 'frame') this.#take(reader);
        else this.end(step === 'too-large' ? 'too-large' : 'protocol', step);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#processing = false;
    }
    // Also before the CONNECT: what is not taken must not pile up here.
    if (this.#phase !== 'ending' && this.#phase !== 'ended') this.#stream.pause();
  }

  #next(reader: FrameReader): FrameStep {
    reader.maxBytes = this.#largestPacket;
    const step = reader.next();
    if (step !== 'more' || reader.isEmpty) {
      this.#vigil.finished();
      this.#keep(0);
    } else {
      this.#vigil.unfinished(this.#context.limits.packetMs);
      if (!this.#keep(reader.heldBytes)) this.end('too-large', 'there is no room for what is unfinished');
    }
    if (step === 'more' && reader.isEmpty) {
      this.#reader = undefined;
      this.#context.readers.give(reader);
    }
    return step;
  }

  /** Takes room for what is unfinished, in place of what was taken before. */
  #keep(bytes: number): boolean {
    if (!this.#context.unfinished.resize(this.#kept, bytes)) return false;
    this.#kept = bytes;
    return true;
  }

  get #largestPacket(): number {
    if (this.#link !== undefined) return largestPacket(this.#context.limits);
    return this.#registration === undefined ? this.#context.limits.connectBytes : largestRegistrationPacket;
  }

  #mayTake(): boolean {
    if (this.#held || (this.#phase !== 'silent' && this.#phase !== 'open')) return false;
    if (this.#peerGone) return true;
    // A device that does not read gets no more answers to read.
    if (this.#stream.writableNeedDrain || this.#link?.mayContinue === false || this.#pace?.resting) return false;
    if (!this.#context.gate.blocked) return true;
    this.#resume ??= () => this.proceed();
    this.#context.gate.wait(this.#resume);
    return false;
  }

  #take(reader: FrameReader): void {
    const { frame } = reader;
    const type = (frame.buffer[frame.at] ?? 0) >> 4;
    const link = this.#link;
    if (this.#registration !== undefined) {
      void this.#hold(this.#registration.take(type, frame));
    } else if (link === undefined) {
      if (type === packetTypes.connect) void this.#connect(frame);
      else this.end('protocol', 'the first packet is not CONNECT');
    } else if (type === packetTypes.publish) {
      this.#context.run.count = 0;
      link.receive(reader);
      this.#count(Math.max(this.#context.run.count, 1), 0);
    } else {
      this.#takeControl(link, type, frame);
      this.#count(1, 0);
    }
  }

  #takeControl(link: DeviceLink, type: number, frame: Frame): void {
    const flags = (frame.buffer[frame.at] ?? 0) & 0x0f;
    const empty = frame.start === frame.end && flags === 0;
    if (type === packetTypes.pingreq && empty) {
      this.send(pingResponse);
    } else if (type === packetTypes.puback) {
      link.acknowledged(readPuback(frame));
    } else if (type === packetTypes.disconnect && empty) {
      this.#farewell('disconnect');
    } else if (type === packetTypes.subscribe || type === packetTypes.unsubscribe) {
      const change = type === packetTypes.subscribe ? subscribe : unsubscribe;
      void this.#hold(change(this.#context, link, frame));
    } else {
      // A second CONNECT (MQTT-3.1.0-2), what only a server sends, and acknowledgements of QoS 2, which is never sent.
      this.end('protocol', `packet type ${type} is not expected`);
    }
  }

  /** Keeps the next packet back until this one's work is done, because its answer or its effect must come first. */
  async #hold(work: Promise<Outcome>): Promise<void> {
    this.#held = true;
    const { send, end } = await work.catch((error: unknown): Outcome => failure(error));
    this.#held = false;
    if (end !== undefined) this.end(end.reason, end.detail);
    else if (send !== undefined) this.send(send);
    // Messages follow the SUBACK or, when the stored session holds the filter, the CONNACK.
    this.#link?.deliver();
    this.proceed();
  }

  async #connect(frame: Frame): Promise<void> {
    this.#phase = 'connecting';
    this.#vigil.phase(undefined);
    const attempt = newAttempt(frame, this.#certificates, this.remote);
    this.#certificates = undefined;
    try {
      const refusal = await runConnectSteps(attempt, this.#context.core);
      if (this.#phase !== 'connecting') return;
      if (refusal !== undefined) this.#refuse(attempt, refusal);
      else if (attempt.registration !== undefined) this.#openRegistration(attempt, attempt.registration);
      else this.#open(attempt);
    } catch (error) {
      this.#fail(error);
    }
  }

  #refuse({ clientId }: ConnectAttempt, { code, answer, reason, cause }: Refusal): void {
    const { log } = this.#context;
    const facts = { remote: this.remote, clientId, reason };
    if (cause === undefined) log.info(facts, 'a device was refused');
    else log.error({ ...facts, error: messageOf(cause) }, 'a device could not be let in');
    const packet = answer ?? (code === undefined ? undefined : connack(code));
    if (packet !== undefined) this.send(packet);
    this.#farewell('refused', reason);
  }

  /** CONNACK goes out first: the session may have something to send as soon as it begins. */
  #open(attempt: ConnectAttempt): void {
    const { principal, clean, stored } = attempt;
    if (principal === undefined) {
      this.end('failed', 'no principal');
      return;
    }
    const link = new DeviceLink({
      context: this.#context,
      wire: this,
      sender: principal.sender,
      subscriptions: new Subscriptions(attempt.clientId, clean ? [] : stored),
      will: attempt.will,
      clean,
      hasApiVersion: attempt.user?.apiVersion !== undefined,
    });
    this.#phase = 'open';
    this.#link = link;
    this.#context.known(this.#stream);
    this.#vigil.watchSilence(attempt.keepAlive, this.#context.limits.longestSilenceMs);
    const { expiresAt } = principal;
    this.#vigil.phase(expiresAt === undefined ? undefined : expiresAt - this.#context.clock.now());
    this.send(connack(connackCodes.accepted, !clean && stored !== undefined));
    this.#context.core.sessions.attach(link);
    const { remote, protocol } = this;
    const secure = this.#secure;
    this.#context.log.debug({ remote, protocol, secure, identity: link.identity }, 'device connected');
    void this.#hold(this.#storeSession(link, stored));
  }

  /** Such a session is never kept, whatever the device asks for (device.md §5.2). */
  #openRegistration(attempt: ConnectAttempt, address: RegistrationAddress): void {
    const { password: token, certificates } = attempt;
    this.#registration = new RegistrationTalk(this.#context, { ...address, token, certificates }, this.remote);
    this.#phase = 'open';
    this.#vigil.watchSilence(attempt.keepAlive, this.#context.limits.longestSilenceMs);
    // Nobody has proved anything yet, so the connection may not stay for long.
    this.#vigil.phase(registrationLifeMs);
    this.send(connack(connackCodes.accepted));
    this.proceed();
  }

  /** Clean session 1 forgets the stored session; clean session 0 has one from now on (MQTT-3.1.2-4 to -6). */
  async #storeSession({ clean, identity }: DeviceLink, stored: readonly StoredFilter[] | undefined): Promise<Outcome> {
    const { sessions } = this.#context.core;
    if (clean && stored !== undefined) await sessions.writeSubscriptions(identity, undefined);
    if (!clean && stored === undefined) await sessions.writeSubscriptions(identity, []);
    return {};
  }

  /** What the peer sent before it left still counts, a DISCONNECT above all. */
  peerClosed(): void {
    if (this.#phase === 'ended') return;
    this.#peerGone = true;
    if (this.#phase === 'open') this.#process();
    this.end(this.#phase === 'ending' ? 'shutdown' : 'peer-closed');
  }

  /** No packet may bring the hub down, whatever it found. */
  #fail(error: unknown): void {
    this.#context.log.error({ remote: this.remote, error: messageOf(error) }, 'a packet could not be handled');
    this.end('failed');
  }

  #finishShutdown(): void {
    const settled = this.#registration === undefined ? this.#link?.settled === true : !this.#held;
    if (settled && !this.#stream.writableNeedDrain) this.#farewell('shutdown');
  }

  /** Ends the session, lets the last bytes out, then closes; a peer that does not follow is cut. */
  #farewell(reason: EndReason, detail?: string): void {
    if (this.#phase === 'ended') return;
    this.#finish(reason, detail);
    endAndLinger(this.#stream);
    this.#vigil.phase(this.#context.limits.lingerMs);
  }

  #finish(reason: EndReason, detail: string | undefined): void {
    this.#phase = 'ended';
    this.#keep(0);
    this.#vigil.end();
    if (this.#resume !== undefined) this.#context.gate.forget(this.#resume);
    const identity = this.#link?.identity;
    this.#context.log.debug({ remote: this.remote, identity, reason, detail }, 'connection ended');
    try {
      this.#link?.ended(reason);
    } catch (error) {
      this.#context.log.error(
        { remote: this.remote, identity, error: messageOf(error) },
        'a session could not be ended',
      );
    }
  }
}

function failure(error: unknown): Outcome {
  return { end: { reason: 'failed', detail: messageOf(error) } };
}
