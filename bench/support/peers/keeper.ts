import { once } from 'node:events';
import { createConnection } from 'node:net';
import mqttPacket from 'mqtt-packet';

/** Leaves a session behind that subscribes at QoS 1 and is away: the server has to keep what it acknowledges from now on. */
export async function keepFor(port: number, topic: string): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.write(
    mqttPacket.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: false,
      clientId: 'keeper',
      keepalive: 60,
    }),
  );
  await once(socket, 'data');
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] }));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (answer[0] !== 0x90 || answer[4] !== 1) throw new Error('the subscription was not granted');
  socket.end(mqttPacket.generate({ cmd: 'disconnect' }));
  await once(socket, 'close');
}
