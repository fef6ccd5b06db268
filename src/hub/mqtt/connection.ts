/** One connection: bytes in and out, its phases, its timers, its end. */
import type { Duplex } from 'node:stream';
import type { PeerCertificates } from '../core/services.ts';
import type { RegistrationAddress } from '../../protocol/provisioning/index.ts';
import { messageOf } from '../../std/message-of.ts';
import type { StoredFilter } from '../core/ports.ts';
import { newAttempt, runConnectSteps, type ConnectAttempt, type Refusal } from './connect.ts';
import type { EndReason, FrontContext } from './context.ts';
import { DeviceLink, type Wire } from './device-link.ts';
import { FrameReader, type Frame } from './frame-reader.ts';
import { largestPacket } from './limits.ts';
import { connack, connackCodes, packetTypes, pingResponse, readPuback } from './packets.ts';
import { largestRegistrationPacket, registrationLifeMs, RegistrationTalk } from './registration-talk.ts';
import { SilenceWatch } from './silence-watch.ts';
import { subscribe, unsubscribe, type Outcome } from './subscribe.ts';
import { Subscriptions } from './subscriptions.ts';
import { Timers } from '../timers.ts';

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

export class Connection implements Wire {
  readonly remote: string;
  readonly protocol: 'mqtt' | 'mqtt-ws';
  readonly #context: FrontContext;
  readonly #parts: ConnectionParts;
  readonly #stream: Duplex;
  readonly #reader: FrameReader;
  readonly #timers: Timers<'connect' | 'silence' | 'token' | 'stall' | 'shutdown' | 'linger'>;
  #phase: Phase = 'silent';
  #link: DeviceLink | undefined;
  #registration: RegistrationTalk | undefined;
  /** An answer is being prepared that must come before the next packet is looked at. */
  #held = false;
  #processing = false;
  readonly #silence: SilenceWatch;
  #peerGone = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.#stream = parts.stream;
    this.remote = parts.remote;
    this.protocol = parts.protocol;
    const { limits, clock } = this.#context;
    this.#timers = new Timers(clock);
    this.#reader = new FrameReader(limits.connectBytes);
    this.#silence = new SilenceWatch({
      clock,
      arm: (ms, fire) => this.#timers.arm('silence', ms, fire),
      isPaused: () => this.#stream.isPaused(),
      onSilent: () => this.end('silent', 'keep-alive'),
    });
    this.#timers.arm('connect', limits.connectTimeoutMs, () => this.end('silent', 'no CONNECT in time'));
    this.#listen();
  }

  get writable(): boolean {
    return this.#phase === 'open' && !this.#stream.writableNeedDrain;
  }

  send(packet: Uint8Array): void {
    if (this.#phase === 'ended' || this.#stream.destroyed || this.#stream.writableEnded) return;
    if (this.#stream.write(packet)) return;
    const { limits } = this.#context;
    if (this.#stream.writableLength > limits.outboundBytes) this.end('not-reading');
    else if (!this.#timers.has('stall')) this.#timers.arm('stall', limits.writeStallMs, () => this.end('not-reading'));
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
    this.#timers.arm('shutdown', this.#context.limits.shutdownMs, () => this.end('shutdown'));
    this.#finishShutdown();
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('drain', () => {
      this.#timers.disarm('stall');
      this.#link?.deliver();
      this.proceed();
    });
    stream.on('error', (error) => this.end('stream-error', error.message));
    stream.on('end', () => this.#peerClosed());
    stream.on('close', () => {
      this.#peerClosed();
      this.#timers.disarmAll();
      this.#parts.onClosed(this);
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    this.#silence.heard();
    if (this.#link !== undefined) this.#context.core.sessions.touch(this.#link.identity);
    this.#reader.push(chunk);
    this.#process();
  }

  /** Takes packets as long as nothing stands against it; what is left waits in the reader, what follows in the socket. */
  #process(): void {
    // A packet's work may ask to proceed while its packet is still being handled.
    if (this.#processing) return;
    this.#processing = true;
    try {
      while (this.#mayTake()) {
        const step = this.#reader.next();
        if (step === 'more') {
          this.#stream.resume();
          return;
        }
        if (step === 'frame') this.#take(this.#reader.frame);
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

  #mayTake(): boolean {
    if (this.#held || (this.#phase !== 'silent' && this.#phase !== 'open')) return false;
    if (this.#peerGone) return true;
    // A device that does not read gets no more answers to read.
    if (this.#stream.writableNeedDrain || this.#link?.mayContinue === false) return false;
    if (!this.#context.gate.blocked) return true;
    this.#context.gate.wait(this.#resume);
    return false;
  }

  readonly #resume = (): void => this.proceed();

  #take(frame: Frame): void {
    const type = (frame.buffer[frame.at] ?? 0) >> 4;
    const link = this.#link;
    if (this.#registration !== undefined) {
      void this.#hold(this.#registration.take(type, frame));
    } else if (link === undefined) {
      if (type === packetTypes.connect) void this.#connect(frame);
      else this.end('protocol', 'the first packet is not CONNECT');
    } else if (type === packetTypes.publish) {
      link.receive(frame);
    } else {
      this.#takeControl(link, type, frame);
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
    this.#timers.disarm('connect');
    const attempt = newAttempt(frame, this.#parts.certificates, this.remote);
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
    this.#reader.maxBytes = largestPacket(this.#context.limits);
    this.#silence.start(attempt.keepAlive, this.#context.limits.longestSilenceMs);
    if (principal.expiresAt !== undefined) {
      const left = principal.expiresAt - this.#context.clock.now();
      this.#timers.arm('token', left, () => this.end('token-expired'));
    }
    this.send(connack(connackCodes.accepted, !clean && stored !== undefined));
    this.#context.core.sessions.attach(link);
    const { remote, protocol } = this;
    const { secure } = this.#parts;
    this.#context.log.debug({ remote, protocol, secure, identity: link.identity }, 'device connected');
    void this.#hold(this.#storeSession(link, stored));
  }

  /** Such a session is never kept, whatever the device asks for (device.md §5.2). */
  #openRegistration(attempt: ConnectAttempt, address: RegistrationAddress): void {
    const { password: token, certificates } = attempt;
    this.#registration = new RegistrationTalk(this.#context, { ...address, token, certificates }, this.remote);
    this.#phase = 'open';
    this.#reader.maxBytes = largestRegistrationPacket;
    this.#silence.start(attempt.keepAlive, this.#context.limits.longestSilenceMs);
    // Nobody has proved anything yet, so the connection may not stay for long.
    this.#timers.arm('token', registrationLifeMs, () =>
      this.end('token-expired', 'a registration does not take so long'),
    );
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
  #peerClosed(): void {
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
    this.#stream.end();
    // Unread input would turn the close into a reset, which can overtake the last bytes.
    this.#stream.resume();
    this.#timers.arm('linger', this.#context.limits.lingerMs, () => this.#stream.destroy());
  }

  #finish(reason: EndReason, detail: string | undefined): void {
    this.#phase = 'ended';
    this.#timers.disarmAll();
    this.#context.gate.forget(this.#resume);
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
