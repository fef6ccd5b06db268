/** A tiny MQTT 3.1.1 peer on a free loopback port: enough of a hub to test a device's side, with every packet on record. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import mqttPacket, { type IConnectPacket, type IPublishPacket, type ISubscribePacket, type Packet } from 'mqtt-packet';

export interface PeerConnection {
  readonly connect: IConnectPacket;
  send(packet: Packet): void;
  cut(): void;
}

export interface MqttPeer {
  readonly port: number;
  readonly connections: readonly PeerConnection[];
  readonly packets: readonly Packet[];
  /** Publishes received so far. */
  readonly published: readonly IPublishPacket[];
  /** What to do with packets; may be changed while it runs. */
  behaviour: PeerBehaviour;
  /** Resolves with the first packet, past ones included, that satisfies the test. */
  packet<Kind extends Packet>(test: (packet: Packet) => packet is Kind): Promise<Kind>;
  connection(number: number): Promise<PeerConnection>;
  publish(topic: string, payload: string): void;
  cutAll(): void;
  close(): Promise<void>;
}

export interface PeerBehaviour {
  /** CONNACK code, or undefined to stay silent. */
  readonly connack?: number | 'silent';
  /** Leaves PUBLISH without PUBACK. */
  readonly withholdAcks?: boolean;
  /** Answers twin reads with this body, and reported patches with 204. */
  readonly twin?: unknown;
}

export function isPublish(topicPart: string): (packet: Packet) => packet is IPublishPacket {
  return (packet): packet is IPublishPacket => packet.cmd === 'publish' && packet.topic.includes(topicPart);
}

export function subscribesTo(filterPart: string): (packet: Packet) => packet is ISubscribePacket {
  return (packet): packet is ISubscribePacket =>
    packet.cmd === 'subscribe' && packet.subscriptions.some(({ topic }) => topic.includes(filterPart));
}

export async function startMqttPeer(first: PeerBehaviour = {}): Promise<MqttPeer> {
  const sockets = new Set<Socket>();
  const connections: PeerConnection[] = [];
  const packets: Packet[] = [];
  let wake = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const parser = mqttPacket.parser();
    socket.on('data', (data) => parser.parse(data));
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const send = (packet: Packet): void => {
      if (!socket.destroyed) socket.write(mqttPacket.generate(packet));
    };
    parser.on('error', () => socket.destroy());
    parser.on('packet', (packet: Packet) => {
      packets.push(packet);
      if (packet.cmd === 'connect') connections.push({ connect: packet, send, cut: () => socket.destroy() });
      answer(packet, send, peer.behaviour);
      wake.resolve();
      wake = Promise.withResolvers<void>();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const until = async <Value>(look: () => Value | undefined): Promise<Value> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await wake.promise;
    }
  };
  const peer: MqttPeer = {
    port: (server.address() as AddressInfo).port,
    connections,
    packets,
    get published() {
      return packets.filter((packet) => packet.cmd === 'publish');
    },
    behaviour: first,
    packet: (test) => until(() => packets.find(test)),
    connection: (number) => until(() => connections[number]),
    publish: (topic, payload) => {
      connections.at(-1)?.send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false });
    },
    cutAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      peer.cutAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return peer;
}

function answer(packet: Packet, send: (packet: Packet) => void, behaviour: PeerBehaviour): void {
  if (packet.cmd === 'connect' && behaviour.connack !== 'silent') {
    send({ cmd: 'connack', returnCode: behaviour.connack ?? 0, sessionPresent: false });
  } else if (packet.cmd === 'subscribe') {
    send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 0) });
  } else if (packet.cmd === 'pingreq') {
    send({ cmd: 'pingresp' });
  } else if (packet.cmd === 'publish') {
    if (packet.qos === 1 && behaviour.withholdAcks !== true) send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
    answerTwin(packet, send, behaviour);
  }
}

function answerTwin(packet: IPublishPacket, send: (packet: Packet) => void, behaviour: PeerBehaviour): void {
  if (behaviour.twin === undefined) return;
  const rid = packet.topic.split('$rid=')[1] ?? '';
  const respond = (topic: string, payload: string): void =>
    send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false });
  if (packet.topic.startsWith('$iothub/twin/GET/'))
    respond(`$iothub/twin/res/200/?$rid=${rid}`, JSON.stringify(behaviour.twin));
  if (packet.topic.startsWith('$iothub/twin/PATCH/')) respond(`$iothub/twin/res/204/?$rid=${rid}&$version=7`, '');
}
