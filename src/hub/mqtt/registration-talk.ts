/** A device that registers with the provisioning service over MQTT. Source: device.md §5.2. */
import { randomBytes } from 'node:crypto';
import mqttPacket from 'mqtt-packet';
import { structuredErrorBody } from '../../protocol/error-body.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import {
  parseRegistrationTopic,
  registrationResponsesFilter,
  registrationResponseTopic,
  type RegistrationTopic,
} from '../../protocol/provisioning/index.ts';
import type { OperationAnswer, RegistrationCredentials } from '../core/provisioning/service.ts';
import { parseUntrustedJson } from '../core/untrusted.ts';
import type { FrontContext } from './context.ts';
import type { Frame } from './frame-reader.ts';
import { decodePacket, encodeSuback, encodeUnsuback, packetTypes, pingResponse } from './packets.ts';
import { newPublish, readPublish, type Publish } from './publish.ts';
import type { Outcome } from './subscribe.ts';

/** The body of a registration, and its topic. Source: device.md §5.7. */
export const largestRegistrationPacket = 96 * 1024 + 1024;

/** How long one connection may take to register: a webhook is done in seconds, and a device comes back for another try. */
export const registrationLifeMs = 15 * 60_000;

const largestIdentifier = 65_535;
/** Wrong keys that one connection may try. */
const mostRefusals = 10;

/**
 * The conversation after CONNACK: one packet after the other. Wrong credentials are told in the answer to the register call, not
 * at the CONNECT; nothing is kept when the connection ends.
 */
export class RegistrationTalk {
  readonly #context: FrontContext;
  readonly #credentials: RegistrationCredentials;
  /** Address of the device, without its port. */
  readonly #remote: string;
  readonly #publish: Publish = newPublish();
  /** Granted for the responses; undefined while the device does not listen. */
  #qos: 0 | 1 | undefined;
  #identifier = 0;
  #refusals = 0;

  constructor(context: FrontContext, credentials: RegistrationCredentials, remote: string) {
    this.#context = context;
    this.#credentials = credentials;
    this.#remote = remote.replace(/:\d+$/, '');
  }

  /** Takes a packet; what it needs of the frame is copied before the first wait. */
  async take(type: number, frame: Frame): Promise<Outcome> {
    switch (type) {
      case packetTypes.publish:
        return this.#receive(frame);
      case packetTypes.subscribe:
        return this.#subscribe(frame);
      case packetTypes.unsubscribe:
        return this.#unsubscribe(frame);
      case packetTypes.pingreq:
        return { send: pingResponse };
      case packetTypes.puback:
        return {};
      case packetTypes.disconnect:
        return { end: { reason: 'disconnect', detail: 'registration' } };
      default:
        return { end: { reason: 'protocol', detail: `packet type ${type} is not expected` } };
    }
  }

  #subscribe(frame: Frame): Outcome {
    const packet = decodePacket(frame);
    if (packet?.cmd !== 'subscribe' || !packet.messageId || packet.messageId < 0 || packet.subscriptions.length === 0)
      return malformed;
    for (const { topic, qos } of packet.subscriptions) {
      if (topic !== registrationResponsesFilter)
        return { end: { reason: 'forbidden', detail: 'subscription to a filter that is not allowed' } };
      this.#qos = qos === 0 ? 0 : 1;
    }
    return {
      send: encodeSuback(
        packet.messageId,
        packet.subscriptions.map(({ qos }) => Math.min(qos, 1)),
      ),
    };
  }

  #unsubscribe(frame: Frame): Outcome {
    const packet = decodePacket(frame);
    if (packet?.cmd !== 'unsubscribe' || !packet.messageId || packet.messageId < 0) return malformed;
    if (packet.unsubscriptions.includes(registrationResponsesFilter)) this.#qos = undefined;
    return { send: encodeUnsuback(packet.messageId) };
  }

  async #receive(frame: Frame): Promise<Outcome> {
    const publish = this.#publish;
    const problem = readPublish(frame, publish);
    if (problem !== undefined) return { end: { reason: 'protocol', detail: problem } };
    const request = parseRegistrationTopic(publish.topic);
    if (request === undefined) return { end: { reason: 'forbidden', detail: 'a topic that is not allowed' } };
    const body = frame.buffer.toString('utf8', publish.bodyStart, publish.bodyEnd);
    const acknowledged = publish.qos === 1 ? puback(publish.packetIdentifier) : undefined;
    const answer = await this.#answer(request, body);
    if (this.#refusals > mostRefusals) return { end: { reason: 'refused', detail: 'too many refused requests' } };
    // PUBACK first: some SDKs take a response before it for a fatal error.
    const packets = [acknowledged, this.#qos === undefined ? undefined : this.#encode(answer, this.#qos)];
    return { send: Buffer.concat(packets.filter((packet) => packet !== undefined)) };
  }

  async #answer(request: RegistrationTopic, body: string): Promise<Message> {
    const { requestId } = request;
    try {
      const { operation, retryAfter } = await this.#perform(request, body);
      const status = retryAfter === undefined ? 200 : 202;
      return {
        topic: registrationResponseTopic(status, requestId, retryAfter),
        payload: JSON.stringify(operation),
      };
    } catch (error) {
      return this.#refusal(requestId, error);
    }
  }

  #perform(request: RegistrationTopic, text: string): Promise<OperationAnswer> {
    const { devices } = this.#context.core.provisioning;
    if (request.kind === 'status') return devices.status(this.#credentials, request.operationId);
    const body = text.trim() === '' ? undefined : parseUntrustedJson(text);
    return devices.register({ ...this.#credentials, body, remote: this.#remote });
  }

  #refusal(requestId: string, error: unknown): Message {
    const { log, clock } = this.#context;
    const trackingId = randomBytes(16).toString('hex');
    const known = hubErrorOf(error);
    const { registrationId } = this.#credentials;
    if (known === undefined)
      log.error({ registrationId, trackingId, error: String(error) }, 'a registration could not be handled');
    else log.info({ registrationId, trackingId, reason: known.message }, 'a registration was refused');
    this.#refusals++;
    const told = known ?? new HubError('ServerError', 'The request could not be completed.');
    const retryAfter = told.status === 429 ? busyRetrySeconds : undefined;
    return {
      topic: registrationResponseTopic(told.status, requestId, retryAfter),
      payload: JSON.stringify(structuredErrorBody(told, { trackingId, now: clock.now() })),
    };
  }

  #encode({ topic, payload }: Message, qos: 0 | 1): Uint8Array | undefined {
    this.#identifier = (this.#identifier % largestIdentifier) + 1;
    const packet = {
      cmd: 'publish',
      topic,
      payload,
      qos,
      dup: false,
      retain: false,
      messageId: this.#identifier,
    } as const;
    try {
      return mqttPacket.generate(packet, { protocolVersion: 4 });
    } catch {
      // A request id of a length that no topic can carry.
      return undefined;
    }
  }
}

interface Message {
  readonly topic: string;
  readonly payload: string;
}

const busyRetrySeconds = 5;
const malformed: Outcome = { end: { reason: 'protocol', detail: 'malformed subscription' } };

/** A TPM cannot prove itself over MQTT: there is no way to answer its challenge (device.md §5.1). */
function hubErrorOf(error: unknown): HubError | undefined {
  if (error instanceof HubError) return error;
  const isChallenge = error instanceof Error && error.name === 'TpmChallenge';
  return isChallenge ? new HubError('IotHubUnauthorizedAccess', 'A TPM registers over HTTPS or AMQP.') : undefined;
}

function puback(identifier: number): Uint8Array {
  return Uint8Array.of(0x40, 2, identifier >>> 8, identifier & 0xff);
}
