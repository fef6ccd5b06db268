/** Telemetry: accepted means stored. Source: device.md §4.4. */
import { HubError } from '../../../protocol/hub-errors.ts';
import { bodyOf, decodeMessage } from '../codec/decode-message.ts';
import { DecodeError } from '../codec/reader.ts';
import type { AmqpContext } from '../context.ts';
import { toAmqpError } from '../errors.ts';
import type { IncomingDelivery, Receiving } from '../route.ts';
import type { AmqpDeviceSession } from './device-session.ts';
import { bagOf } from './telemetry-properties.ts';

/** Each data section is one encoded message. */
const batchFormat = 0x80013700;
/** Source: device.md §10. */
const largestMessage = 256 * 1024;
const largestBatch = 500;
/** Deliveries on their way to disk. */
const window = 1_000;

interface Telemetry {
  readonly bag: string;
  readonly body: Uint8Array;
}

export function receiveTelemetry(
  context: AmqpContext,
  session: AmqpDeviceSession,
): Pick<Receiving, 'message' | 'window'> {
  /** Messages the imitated cloud slows down wait for those before them. */
  let queue: Promise<void> | undefined;

  function append(messages: readonly Telemetry[], delivery: IncomingDelivery): void {
    let left = messages.length;
    let failure: Error | undefined;
    const stored = (error?: Error): void => {
      context.gate.noteOutcome(error);
      failure ??= error;
      if (--left > 0) return;
      if (failure === undefined) delivery.accept();
      else
        delivery.reject(toAmqpError(new HubError('ServiceUnavailable', 'The message could not be stored.'), context));
    };
    const now = context.clock.now();
    for (const { bag, body } of messages) context.gate.append(session.sender, now, bag, body, stored);
    if (messages.length === 0) delivery.accept();
  }

  function admit(messages: readonly Telemetry[]): Promise<void> | undefined {
    const { throttle } = context.core;
    if (!throttle.imitating) return undefined;
    for (const { bag, body } of messages) throttle.meter(bag.length + body.length);
    return throttle.admit('device-to-cloud', messages.length);
  }

  return {
    window,
    message(delivery) {
      session.touch();
      const fault = context.core.faults.at('receive', session.identity);
      const messages = readTelemetry(delivery);
      if (fault?.kind === 'drop') {
        delivery.accept();
        return;
      }
      const wait = admit(messages);
      if (wait === undefined && queue === undefined && fault === undefined) {
        append(messages, delivery);
        return;
      }
      // Bodies are views of a buffer that is used again.
      const kept = messages.map(({ bag, body }) => ({ bag, body: Uint8Array.from(body) }));
      const mine = (queue ?? Promise.resolve()).then(() => wait).then(() => append(kept, delivery));
      queue = mine.catch((error: unknown) => delivery.reject(toAmqpError(error, context)));
    },
  };
}

/** The messages of a delivery. HubErrors IotHubFormatError, MessageTooLarge. */
function readTelemetry(delivery: IncomingDelivery): readonly Telemetry[] {
  if (delivery.format === 0) {
    const { message } = delivery;
    return [checked({ bag: bagOf(message), body: bodyOf(message) })];
  }
  if (delivery.format !== batchFormat)
    throw new HubError('IotHubFormatError', 'The message is neither a single one nor a batch.');
  const { data } = delivery.message;
  if (data.length > largestBatch || delivery.bytes.length > largestMessage + 64 * 1024) throw tooLarge();
  try {
    return data.map((encoded) => {
      const message = decodeMessage(encoded);
      return checked({ bag: bagOf(message), body: bodyOf(message) });
    });
  } catch (error) {
    if (error instanceof DecodeError)
      throw new HubError('IotHubFormatError', `The batch cannot be read: ${error.message}.`);
    throw error;
  }
}

function checked(telemetry: Telemetry): Telemetry {
  if (telemetry.body.length + telemetry.bag.length > largestMessage) throw tooLarge();
  return telemetry;
}

function tooLarge(): HubError {
  return new HubError('MessageTooLarge', `A message has ${largestMessage} bytes at most, its properties included.`);
}
