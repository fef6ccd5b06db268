import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqttPacket from 'mqtt-packet';

/** Who connects; peers without accounts need no name and no password. */
export interface MqttIdentity {
  readonly clientId: string;
  readonly username?: string;
  /** A secret: it reaches the load program through a pipe. */
  readonly password?: string;
}

export interface MqttTarget {
  readonly port: number;
  /** One of 127.0.0.0/8, for more connections than one address has ports. */
  readonly localAddress?: string;
  /** With TLS when it is there: the CA in PEM. */
  readonly ca?: string;
}

/** The CONNECT packet of MQTT 3.1.1 with a clean session. */
function connectPacket({ clientId, username, password }: MqttIdentity, keepalive = 1_200): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive,
    ...(username === undefined || password === undefined ? {} : { username, password: Buffer.from(password) }),
  });
}

/** Connects and waits for the CONNACK. Throws when the server refuses. */
export async function connectMqtt(target: MqttTarget, identity: MqttIdentity): Promise<Socket> {
  const socket = await openSocket(target);
  socket.write(connectPacket(identity));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (answer[0] !== 0x20 || answer[3] !== 0)
    throw new Error(`connection of ${identity.clientId} was refused with ${answer[3]}`);
  return socket;
}

async function openSocket({ port, localAddress, ca }: MqttTarget): Promise<Socket> {
  const socket = createConnection({
    host: '127.0.0.1',
    port,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  if (ca === undefined) {
    await once(socket, 'connect');
    return socket;
  }
  const secure = connectTls({ socket, ca, servername: 'localhost' });
  await once(secure, 'secureConnect');
  return secure;
}
