/** Links of devices and modules. Source: device.md §4.3. */
import { HubError } from '../../../protocol/hub-errors.ts';
import { bodyOf } from '../codec/decode-message.ts';
import { textOf } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import type { IncomingLink, LinkRoute, OutgoingLink, Receiving, Sending } from '../route.ts';
import { parseDeviceAddress, type DeviceAddress } from './address.ts';
import { sendCloudMessages } from './cloud-message-link.ts';
import type { AmqpDeviceSession } from './device-session.ts';
import { createDeviceSessions } from './device-sessions.ts';
import { receiveTelemetry } from './telemetry-link.ts';

/** Requests and answers are small: a method's answer has 128 KiB, a twin patch 32 KiB. */
const requestWindow = 100;
const largestRequest = 192 * 1024;

export function createDeviceRoute(context: AmqpContext): LinkRoute {
  const sessions = createDeviceSessions(context);

  async function receive(link: IncomingLink, address: DeviceAddress): Promise<Receiving> {
    const session = await sessions.open(link.connection, address, modelOf(link));
    return withSession(session, link, receiving(context, session, link, address));
  }

  async function send(link: OutgoingLink, address: DeviceAddress): Promise<Sending> {
    const session = await sessions.open(link.connection, address, modelOf(link));
    return withSession(session, link, sending(context, session, link, address));
  }

  return {
    receive(link) {
      const address = parseDeviceAddress(link.address);
      if (address?.kind === 'messages') throw wrongWay();
      return address && receive(link, address);
    },
    send(link) {
      const address = parseDeviceAddress(link.address);
      return address && send(link, address);
    },
  };
}

function receiving(
  context: AmqpContext,
  session: AmqpDeviceSession,
  link: IncomingLink,
  { kind }: DeviceAddress,
): Receiving {
  switch (kind) {
    case 'telemetry':
      return receiveTelemetry(context, session, link);
    case 'twin':
      return {
        window: requestWindow,
        maxMessageSize: largestRequest,
        message(delivery) {
          session.touch();
          const done = session.twins.request(delivery.message, channelOf(link));
          void done.then(() => delivery.accept());
        },
      };
    case 'methods':
      return {
        window: requestWindow,
        maxMessageSize: largestRequest,
        message(delivery) {
          session.touch();
          const { properties, applicationProperties } = delivery.message;
          const status = applicationProperties.get('IoThub-status');
          const payload = Buffer.from(bodyOf(delivery.message)).toString('utf8');
          session.methodAnswered(properties.correlationId, integer(status), payload);
          delivery.accept();
        },
      };
    case 'messages':
      throw new Error(`nothing is received at an address for ${kind}`);
  }
}

function sending(
  context: AmqpContext,
  session: AmqpDeviceSession,
  link: OutgoingLink,
  { kind }: DeviceAddress,
): Sending {
  switch (kind) {
    case 'messages':
      return sendCloudMessages(context, session, link);
    // Messages between modules exist on Edge only: the cloud hub sends nothing here, but lets the module listen.
    case 'telemetry':
      return {};
    case 'twin': {
      const remove = session.twins.addReceiver(link, channelOf(link));
      return { credit: () => session.twins.flush(), closed: remove };
    }
    case 'methods':
      return { credit: () => session.methodCredit(link), closed: () => session.removeMethodReceiver(link) };
  }
}

/** Ties a link to its session: both end together. */
function withSession<Handler extends Receiving | Sending>(
  session: AmqpDeviceSession,
  link: IncomingLink | OutgoingLink,
  handler: Handler,
): Handler {
  session.addLink(link);
  return {
    ...handler,
    claim: session.claim,
    closed() {
      handler.closed?.();
      session.removeLink(link);
    },
  };
}

function wrongWay(): HubError {
  return new HubError('InvalidOperation', 'The link has the wrong direction for its address.');
}

function modelOf({ properties }: IncomingLink | OutgoingLink): string {
  return textOf(properties.get('com.microsoft:model-id')) ?? '';
}

function channelOf({ properties }: IncomingLink | OutgoingLink): string | undefined {
  const id = textOf(properties.get('com.microsoft:channel-correlation-id'));
  // `twin:<guid>` on one end, the bare guid on the other, in some SDKs.
  return id?.slice(id.indexOf(':') + 1).toLowerCase();
}

function integer(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}
