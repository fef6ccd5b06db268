/** The MQTT front with peers on stream pairs: packets in, packets out, no port. */
import { duplexPair, type Duplex } from 'node:stream';
import mqttPacket, { type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { createMqttFront, type MqttFront, type MqttLimits } from '../../src/hub/mqtt/index.ts';
import { silentLog } from '../../src/hub/log.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';
import { memoryCore, type MemoryCore } from './memory-core.ts';

export interface Peer {
  readonly stream: Duplex;
  readonly packets: Packet[];
  /** Resolves when the hub has closed the connection. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  send(packet: Packet): void;
  write(bytes: Uint8Array): void;
  /** The next packet that was not taken yet; undefined when the connection closes first. */
  next(): Promise<Packet | undefined>;
  publish(topic: string, payload: string, options?: Partial<IPublishPacket>): void;
  /** At QoS 0; the last argument may say otherwise. */
  subscribe(...filters: string[]): Promise<Packet | undefined>;
  /** A PINGREQ and its answer: everything before it has been handled. */
  roundTrip(): Promise<void>;
}

export interface FrontBench {
  readonly core: MemoryCore;
  readonly clock: FakeClock;
  readonly front: MqttFront;
  /** Fields of what was logged. */
  readonly logged: object[];
  readonly connect: () => Peer;
  /** A peer that has sent CONNECT and taken its CONNACK. */
  readonly device: (
    deviceId?: string,
    options?: Partial<IConnectPacket>,
  ) => Promise<Peer & { readonly connack: Packet | undefined }>;
}

export function connectPacket(deviceId: string, options: Partial<IConnectPacket> = {}): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: deviceId,
    username: `hub.local/${deviceId}/?api-version=2021-04-12&DeviceClientType=test`,
    password: Buffer.from('token'),
    ...options,
  };
}

export function frontBench(limits: Partial<MqttLimits> = {}): FrontBench {
  const clock = fakeClock();
  const core = memoryCore(clock);
  for (const deviceId of ['d1', 'd2']) core.devices.set(deviceId, { token: 'token', reported: {}, desired: {} });
  const logged: object[] = [];
  const log = { ...silentLog, info: (fields: object) => void logged.push(fields) };
  const front = createMqttFront({ core, clock, log, limits });
  const connect = (): Peer => {
    const [hubSide, peerSide] = duplexPair();
    front.accept(hubSide, { remote: 'test', secure: false });
    return startPeer(peerSide);
  };
  return {
    core,
    clock,
    front,
    logged,
    connect,
    async device(deviceId = 'd1', options = {}) {
      const peer = connect();
      peer.send(connectPacket(deviceId, options));
      const connack = await peer.next();
      return Object.assign(peer, { connack });
    },
  };
}

export function startPeer(stream: Duplex): Peer {
  const packets: Packet[] = [];
  let taken = 0;
  let isClosed = false;
  let wake = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<void>();
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  let pings = 1;
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  parser.on('packet', (packet) => {
    packets.push(packet);
    stir();
  });
  const onClosed = (): void => {
    isClosed = true;
    closing.resolve();
    stir();
  };
  stream.on('data', (bytes: Buffer) => parser.parse(bytes));
  stream.on('end', onClosed);
  stream.on('close', onClosed);
  stream.on('error', () => undefined);
  const peer: Peer = {
    stream,
    packets,
    closed: closing.promise,
    get isClosed() {
      return isClosed;
    },
    send: (packet) => peer.write(mqttPacket.generate(packet)),
    write: (bytes) => {
      if (!stream.destroyed && !stream.writableEnded) stream.write(bytes);
    },
    async next() {
      while (taken === packets.length) {
        if (isClosed) return undefined;
        await wake.promise;
      }
      return packets[taken++];
    },
    publish: (topic, payload, options = {}) =>
      peer.send({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false, ...options }),
    async subscribe(...filters) {
      const subscriptions = filters.map((topic) => ({ topic, qos: 0 as const }));
      peer.send({ cmd: 'subscribe', messageId: pings++, subscriptions });
      return peer.next();
    },
    async roundTrip() {
      peer.send({ cmd: 'pingreq' });
      const answer = await peer.next();
      if (answer?.cmd !== 'pingresp') throw new Error(`expected pingresp, got ${answer?.cmd ?? 'the end'}`);
    },
  };
  return peer;
}
