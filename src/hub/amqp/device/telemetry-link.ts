/** Telemetry: accepted means stored. Source: device.md §4.4. */
import { HubError } from '../../../protocol/hub-errors.ts';
import { requestedFault } from '../../../protocol/requested-fault.ts';
import type { Clock } from '../../../std/clock.ts';
import { bodyOf, decodeMessage } from '../codec/decode-message.ts';
import { DecodeError } from '../codec/reader.ts';
import type { AmqpContext } from '../context.ts';
import { toAmqpError } from '../errors.ts';
import type { IncomingDelivery, IncomingLink, Receiving } from '../route.ts';
import type { AmqpDeviceSession } from './device-session.ts';
import { performFault } from './requested-fault.ts';
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
  link: IncomingLink,
): Pick<Receiving, 'message' | 'window'> {
  const { gate, clock } = context;
  return {
    window,
    message(delivery) {
      session.touch();
      const messages = readTelemetry(delivery);
      const refusal = refusalOf(session, clock);
      if (refusal !== undefined) {
        delivery.reject(toAmqpError(refusal, context));
        return;
      }
      const [first] = messages;
      const fault = first === undefined || messages.length > 1 ? undefined : requestedFault(first.bag);
      if (fault !== undefined) {
        delivery.accept();
        performFault(context, session, link, fault);
        return;
      }
      let left = messages.length;
      let failure: Error | undefined;
      const stored = (error?: Error): void => {
        if (!(error instanceof HubError)) gate.noteOutcome(error);
        failure ??= error;
        if (--left > 0) return;
        if (failure === undefined) delivery.accept();
        else delivery.reject(toAmqpError(refusalFor(failure), context));
      };
      for (const { bag, body } of messages) gate.append(session.sender, clock.now(), bag, body, stored);
      if (messages.length === 0) delivery.accept();
    },
  };
}

/** The refusal the device asked for, while it lasts. */
function refusalOf(session: AmqpDeviceSession, clock: Clock): HubError | undefined {
  if (session.refusal === undefined) return undefined;
  if (session.refusal.until > clock.monotonic())
    return new HubError(session.refusal.symbol, 'The device asked for this fault.');
  session.refusal = undefined;
  return undefined;
}

/** The log's own troubles were logged where they were noticed. */
function refusalFor(error: Error): HubError {
  return error instanceof HubError ? error : new HubError('ServiceUnavailable', 'The message could not be stored.');
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
