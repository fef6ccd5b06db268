import { once } from 'node:events';
import mqttPacket from 'mqtt-packet';
import { connectMqtt } from '../load/mqtt-connect.ts';

/** One client of a broker that asks another by two topics. */
export interface Requester {
  /** Milliseconds from the request to the answer. */
  ask(topic: string): Promise<number>;
  close(): void;
}

export async function openRequester(port: number, answers: string): Promise<Requester> {
  const socket = await connectMqtt({ port }, { clientId: 'requester' });
  const parser = mqttPacket.parser();
  socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  const granted = once(parser, 'packet');
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: answers, qos: 0 }] }));
  await granted;
  return {
    async ask(topic) {
      const answered = once(parser, 'packet');
      const begin = performance.now();
      socket.write(mqttPacket.generate({ cmd: 'publish', topic, payload: '{}', qos: 0, dup: false, retain: false }));
      await answered;
      return performance.now() - begin;
    },
    close: () => socket.destroy(),
  };
}
