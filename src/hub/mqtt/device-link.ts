/** A connected device: what it sends goes to the core, what the core has for it goes out. Bytes and timers are connection.ts. */
import {
  methodRequestTopic,
  desiredTopic,
  parsePublishTopic,
  stampBag,
  telemetryBag,
} from '../../protocol/mqtt/index.ts';
import { identityPath, type IdentityPath } from '../../protocol/identity-path.ts';
import { requestedFault } from '../../protocol/requested-fault.ts';
import type { JsonObject } from '../../std/json.ts';
import type { RunOutcome, RunSettled, Sender } from '../core/ports.ts';
import type { DeviceSession, SessionEnd } from '../core/services.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Will } from './connect.ts';
import type { EndReason, FrontContext } from './context.ts';
import type { FrameReader } from './frame-reader.ts';
import { MessageDelivery } from './message-delivery.ts';
import { encodeMessage } from './packets.ts';
import { readPublish, readRun, type PublishRun } from './publish.ts';
import type { Subscriptions } from './subscriptions.ts';
import { answerTwinRequest, type TwinRequest } from './twin-requests.ts';

/** What a device needs of its connection. */
export interface Wire {
  readonly protocol: DeviceSession['protocol'];
  readonly remote: string;
  send(packet: Uint8Array): void;
  /** False while what was sent waits to be read, and at the end. */
  readonly writable: boolean;
  end(reason: EndReason, detail?: string): void;
  /** Something that held up reading may be over. */
  proceed(): void;
  /** The hub goes down: the device may still get what is on its way to it. */
  shutdown(): void;
}

export interface DeviceLinkParts {
  readonly context: FrontContext;
  readonly wire: Wire;
  readonly sender: Sender;
  readonly subscriptions: Subscriptions;
  readonly will: Will | undefined;
  readonly clean: boolean;
  readonly hasApiVersion: boolean;
}

/** Ends after which the will is not sent: the device said good-bye, may not speak any more, or did nothing wrong. */
const endsWithoutWill: ReadonlySet<EndReason> = new Set([
  'disconnect',
  'disabled',
  'deleted',
  'key-changed',
  'shutdown',
]);

export class DeviceLink implements DeviceSession {
  readonly sender: Sender;
  readonly identity: IdentityPath;
  readonly subscriptions: Subscriptions;
  readonly clean: boolean;
  readonly #context: FrontContext;
  readonly #wire: Wire;
  readonly #will: Will | undefined;
  readonly #hasApiVersion: boolean;
  /** Borrowed as long as something is not acknowledged. */
  #acknowledgements: Acknowledgements | undefined;
  #lastTopic: string | undefined;
  #lastBag: string | undefined;
  /** Since the device listened for messages. */
  #messages: MessageDelivery | undefined;
  /** The last of those that are pending. */
  #twinRequests: Promise<void> | undefined;
  #pendingRequests = 0;
  #acknowledging = false;
  #ended = false;
  /** Of the fault the device asked for. */
  #cancelFault: (() => void) | undefined;

  constructor(parts: DeviceLinkParts) {
    this.#context = parts.context;
    this.#wire = parts.wire;
    this.sender = parts.sender;
    this.identity = identityPath(parts.sender.deviceId, parts.sender.moduleId);
    this.subscriptions = parts.subscriptions;
    this.clean = parts.clean;
    this.#will = parts.will;
    this.#hasApiVersion = parts.hasApiVersion;
  }

  get protocol(): DeviceSession['protocol'] {
    return this.#wire.protocol;
  }

  get remote(): string {
    return this.#wire.remote;
  }

  get methodReady(): boolean {
    return this.subscriptions.has('methods');
  }

  /** False while the device has to wait before more of it is read. */
  get mayContinue(): boolean {
    return this.#pendingRequests < this.#context.limits.pendingRequests;
  }

  /** True when nothing the device sent waits for the disk or the core. */
  get settled(): boolean {
    return this.#acknowledgements === undefined && this.#pendingRequests === 0;
  }

  sendMethod({ requestId, methodName, payload }: Parameters<DeviceSession['sendMethod']>[0]): void {
    this.#send(methodRequestTopic(methodName, requestId), payload);
  }

  sendDesired(patch: JsonObject, version: number): void {
    if (this.subscriptions.has('desired')) this.#send(desiredTopic(version), JSON.stringify(patch));
  }

  close(reason: SessionEnd): void {
    if (reason === 'shutdown') this.#wire.shutdown();
    else this.#wire.end(reason);
  }

  /** Sends what waits for the device, as far as it listens and reads; ends that when it does not listen any more. */
  deliver(): void {
    if (this.#ended) return;
    const qos = this.subscriptions.qosOf('messages');
    if (qos !== undefined) this.#messages ??= this.#newDelivery();
    this.#messages?.deliver(qos);
  }

  /** The device has a message; undefined when its PUBACK cannot be read. */
  acknowledged(packetIdentifier: number | undefined): void {
    this.#messages ??= this.#newDelivery();
    this.#messages.acknowledged(packetIdentifier);
  }

  /** The connection is over: called once, by the connection. */
  ended(reason: EndReason): void {
    this.#ended = true;
    this.#cancelFault?.();
    this.#messages?.end();
    this.#context.core.sessions.detach(this);
    const will = this.#will;
    if (will === undefined || endsWithoutWill.has(reason)) return;
    this.#context.gate.append(this.sender, this.#context.clock.now(), will.bag, will.body, (error) =>
      this.#context.gate.noteOutcome(error),
    );
  }

  /** Takes the PUBLISH that the reader stands at and, of telemetry, those behind it that are like it. */
  receive(reader: FrameReader): void {
    const { frame } = reader;
    const { publish, run } = this.#context;
    run.count = 0;
    publish.topic = this.#lastTopic ?? '';
    const problem = readPublish(frame, publish);
    if (problem !== undefined) {
      this.#wire.end('protocol', problem);
      return;
    }
    if (publish.topic !== this.#lastTopic) {
      this.#lastTopic = publish.topic;
      this.#lastBag = telemetryBag(publish.topic, this.identity);
    }
    if (this.#lastBag === undefined)
      this.#receiveRequest(frame.buffer.toString('utf8', publish.bodyStart, publish.bodyEnd));
    else this.#receiveTelemetry(this.#lastBag, reader);
  }

  #receiveTelemetry(topicBag: string, reader: FrameReader): void {
    const { gate, clock, limits, publish, run } = this.#context;
    const { qos, retain, dup, packetIdentifier } = publish;
    const fault = requestedFault(topicBag);
    if (fault !== undefined) {
      if (qos === 1) this.#completeRequest(this.#borrowAcknowledgements().add(packetIdentifier));
      // Over MQTT there is one way to break: the connection ends. Once is enough.
      this.#cancelFault ??= clock.after(fault.delayMs, () => this.#wire.end('fault'), { unref: true });
      return;
    }
    let bag = topicBag;
    // Source: device.md §1.4.
    if (retain) bag = stampBag(bag, 'mqtt-retain', 'true');
    if (dup) bag = stampBag(bag, 'mqtt-dup', 'true');
    const problem = readRun(reader, publish, limits.messageBytes - topicBag.length, run);
    if (run.count > 0) {
      const slot = qos === 1 ? this.#awaitStored(run) : undefined;
      const settled: RunSettled = (first, count, outcome) => this.#settled(slot, first, count, outcome);
      gate.appendRun(this.sender, clock.now(), bag, run, settled);
    }
    if (problem !== undefined) this.#wire.end(...problem);
  }

  /** The slot of the first message of a run, which the others follow. */
  #awaitStored({ identifiers, count }: PublishRun): number {
    const acknowledgements = this.#borrowAcknowledgements();
    const first = acknowledgements.add(identifiers[0] ?? 0);
    for (let index = 1; index < count; index++) acknowledgements.add(identifiers[index] ?? 0);
    return first;
  }

  /** `slot` is that of the run's first message, undefined for QoS 0. */
  #settled(slot: number | undefined, first: number, count: number, outcome: RunOutcome): void {
    if (outcome === 'stored') this.#context.gate.noteOutcome(undefined);
    else if (outcome !== 'dropped') this.#context.gate.noteOutcome(outcome);
    if (this.#ended) return;
    if (outcome instanceof Error) {
      this.#wire.end('not-stored');
    } else if (slot !== undefined) {
      if (outcome === 'stored') this.#acknowledgements?.complete(slot + first, count);
      else this.#acknowledgements?.skip(slot + first, count);
      this.#acknowledgeSoon();
    }
  }

  #receiveRequest(body: string): void {
    const { topic, qos, packetIdentifier } = this.#context.publish;
    const request = parsePublishTopic(topic, this.identity);
    if (request.kind === 'telemetry' || request.kind === 'forbidden') {
      this.#wire.end('forbidden', request.kind === 'forbidden' ? request.reason : undefined);
      return;
    }
    const slot = qos === 1 ? this.#borrowAcknowledgements().add(packetIdentifier) : undefined;
    if (request.kind === 'method-response') {
      this.#context.core.commands.answer(this.identity, request.rid, request.status, body);
      this.#completeRequest(slot);
    } else {
      this.#pendingRequests++;
      const before = this.#twinRequests ?? Promise.resolve();
      this.#twinRequests = before.then(() => this.#performTwinRequest(request, body, slot));
    }
  }

  /** Never rejects; one after the other, so that a read sees the update sent before it. */
  async #performTwinRequest(request: TwinRequest, body: string, slot: number | undefined): Promise<void> {
    const { core, clock, log } = this.#context;
    const answer = await answerTwinRequest(
      { twins: core.twins, clock, log, identity: this.identity, hasApiVersion: this.#hasApiVersion },
      request,
      body,
    );
    this.#pendingRequests--;
    if (this.#pendingRequests === 0) this.#twinRequests = undefined;
    if (this.#ended) return;
    this.#completeRequest(slot);
    if (answer !== undefined) this.#send(answer.topic, answer.payload);
    this.#wire.proceed();
  }

  #completeRequest(slot: number | undefined): void {
    if (slot === undefined) return;
    this.#acknowledgements?.complete(slot);
    this.#acknowledgeSoon();
  }

  #borrowAcknowledgements(): Acknowledgements {
    return (this.#acknowledgements ??= this.#context.acknowledgements.take());
  }

  /** Gathers what one commit completes into one write. */
  #acknowledgeSoon(): void {
    if (this.#acknowledging) return;
    this.#acknowledging = true;
    queueMicrotask(() => {
      this.#acknowledging = false;
      const waiting = this.#acknowledgements;
      const packets = this.#ended ? undefined : waiting?.take();
      if (waiting?.size === 0) {
        this.#acknowledgements = undefined;
        this.#context.acknowledgements.give(waiting);
      }
      if (packets === undefined) return;
      this.#wire.send(packets);
      this.#wire.proceed();
    });
  }

  #newDelivery(): MessageDelivery {
    return new MessageDelivery(this.#context, this.#wire, this.identity);
  }

  /** Delivers only what the device subscribed to; nothing is queued for later (device.md §2.6, §2.7). */
  #send(topic: string, payload: string): void {
    if (this.#ended || !this.subscriptions.matches(topic)) return;
    const packet = encodeMessage(topic, payload);
    if (packet !== undefined) this.#wire.send(packet);
  }
}
