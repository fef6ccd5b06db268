/** A device with a live session over one protocol, and what reached it: the same words for all of them. */
import type { Connection, EventContext } from 'rhea';
import { event, putToken } from '../../../support/amqp-front.ts';
import type { LiveHub, MqttRoute } from './live-hub.ts';

export type Route = MqttRoute | 'amqp' | 'amqp-ws';
export const routes: readonly Route[] = ['mqtt', 'mqtts', 'mqtt-ws', 'amqp', 'amqp-ws'];

export interface LiveSession {
  /** Bodies of messages, and `desired`, as they came. */
  readonly received: readonly string[];
  readonly isOver: boolean;
  /** When the session was over, in the time of `performance.now()`. */
  readonly over: Promise<number>;
  destroy(): void;
}

/** Undefined when the hub did not let the device in. */
export async function openSession(
  hub: LiveHub,
  route: Route,
  deviceId: string,
  token = hub.token(deviceId),
): Promise<LiveSession | undefined> {
  return route === 'amqp' || route === 'amqp-ws'
    ? openAmqp(hub, route, deviceId, token)
    : openMqtt(hub, route, deviceId, token);
}

async function openMqtt(
  hub: LiveHub,
  route: MqttRoute,
  deviceId: string,
  token: string,
): Promise<LiveSession | undefined> {
  const peer = await hub.mqtt(deviceId, { token, route, clean: false });
  const answer = await peer.next();
  if (answer?.cmd !== 'connack' || answer.returnCode !== 0) {
    peer.stream.destroy();
    return undefined;
  }
  await peer.subscribe(
    `devices/${deviceId}/messages/devicebound/#`,
    '$iothub/methods/POST/#',
    '$iothub/twin/PATCH/properties/desired/#',
  );
  let isOver = false;
  const over = peer.closed.then(() => {
    isOver = true;
    return performance.now();
  });
  return {
    get received() {
      return peer.packets.flatMap((packet) =>
        packet.cmd !== 'publish'
          ? []
          : [packet.topic.startsWith('$iothub/') ? packet.topic.split('/', 3).join('/') : String(packet.payload)],
      );
    },
    get isOver() {
      return isOver;
    },
    over,
    destroy: () => peer.stream.destroy(),
  };
}

async function openAmqp(
  hub: LiveHub,
  route: 'amqp' | 'amqp-ws',
  deviceId: string,
  token: string,
): Promise<LiveSession | undefined> {
  const connection = hub.amqp({}, route);
  const { status } = await putToken(connection, token);
  if (status !== 200) {
    connection.close();
    return undefined;
  }
  return openLinks(connection, deviceId);
}

/** Links for messages, calls and the twin on a connection that holds its token already. */
export async function openLinks(connection: Connection, deviceId: string): Promise<LiveSession> {
  const received: string[] = [];
  let isOver = false;
  const messages = connection.open_receiver({ source: `/devices/${deviceId}/messages/devicebound`, autoaccept: false });
  const calls = connection.open_receiver(`/devices/${deviceId}/methods/devicebound`);
  const twin = connection.open_receiver(`/devices/${deviceId}/twin`);
  for (const link of [messages, calls, twin]) link.on('receiver_error', () => undefined);
  messages.on(
    'message',
    ({ message }: EventContext) =>
      void received.push(String((message?.body as { content?: unknown })?.content ?? message?.body)),
  );
  calls.on('message', () => void received.push('$iothub/methods/POST'));
  twin.on('message', () => void received.push('$iothub/twin/PATCH'));
  const over = Promise.race([event(messages, 'receiver_close'), event(connection, 'disconnected')]).then(() => {
    isOver = true;
    return performance.now();
  });
  const requests = connection.open_sender(`/devices/${deviceId}/twin`);
  requests.on('sender_error', () => undefined);
  await Promise.race([event(requests, 'sendable'), over]);
  return {
    received,
    get isOver() {
      return isOver;
    },
    over,
    destroy: () => connection.close(),
  };
}
