import type { Peer } from '../../../support/mqtt-front.ts';
import type { Attempt } from './attempt.ts';
import type { LiveHub, MqttOptions } from './live-hub.ts';
import type { Spelling } from './spellings.ts';

const api = 'api-version=2021-04-12';

/** Everything about an MQTT connection that names an identity. */
export function mqttCells(hub: LiveHub, spellings: readonly Spelling[]): readonly Attempt[] {
  const connecting = (name: string, own: boolean, options: MqttOptions): Attempt => ({
    name: `MQTT ${name}`,
    own,
    run: async () => {
      const peer = await hub.mqtt('dev1', options);
      const isIn = await isAccepted(peer);
      peer.stream.destroy();
      return isIn ? 'passed' : 'refused';
    },
  });
  const connected = (name: string, own: boolean, act: (peer: Peer) => void): Attempt => ({
    name: `MQTT ${name}`,
    own,
    run: async () => {
      const peer = await hub.mqtt('dev1');
      if (!(await isAccepted(peer))) throw new Error('the attacker is not let in as itself');
      act(peer);
      const answer = await peer.next();
      peer.stream.destroy();
      return answer?.cmd === 'puback' || answer?.cmd === 'suback' ? 'passed' : 'refused';
    },
  });
  return [
    connecting('connect: own', true, {}),
    connecting('connect as a module with the key of the device: own', false, {
      clientId: 'dev1/m1',
      username: `localhost/dev1/m1/?${api}`,
    }),
    ...attempts(connected, 'own', 'dev1', true),
    ...spellings.flatMap(({ name, deviceId }) => [
      connecting(`connect: ${name}`, false, { clientId: deviceId, username: `localhost/${deviceId}/?${api}` }),
      connecting(`client id: ${name}`, false, { clientId: deviceId }),
      connecting(`user name: ${name}`, false, { username: `localhost/${deviceId}/?${api}` }),
      connecting(`token for it: ${name}`, false, {
        clientId: deviceId,
        username: `localhost/${deviceId}/?${api}`,
        token: hub.token('dev1', { resource: `localhost/devices/${deviceId}` }),
      }),
      connecting(`will: ${name}`, false, {
        will: { topic: `devices/${deviceId}/messages/events/`, payload: Buffer.from('forged'), qos: 1, retain: false },
      }),
      ...attempts(connected, name, deviceId, false),
    ]),
  ];
}

function attempts(
  connected: (name: string, own: boolean, act: (peer: Peer) => void) => Attempt,
  name: string,
  id: string,
  own: boolean,
): readonly Attempt[] {
  return [
    connected(`publish telemetry: ${name}`, own, publish(`devices/${id}/messages/events/`)),
    connected(`publish as a module: ${name}`, false, publish(`devices/${id}/modules/m1/messages/events/`)),
    connected(`publish a message to a device: ${name}`, false, publish(`devices/${id}/messages/devicebound/`)),
    connected(`publish behind own: ${name}`, false, publish(`devices/dev1/../${id}/messages/events/`)),
    connected(`publish a twin: ${name}`, false, publish(`$iothub/twin/PATCH/properties/reported/${id}/?$rid=1`)),
    connected(`listen for messages: ${name}`, own, subscribe(`devices/${id}/messages/devicebound/#`)),
    connected(`listen to everything: ${name}`, false, subscribe(`devices/${id}/#`)),
    connected(`listen to telemetry: ${name}`, false, subscribe(`devices/${id}/messages/events/#`)),
    connected(`listen to a module: ${name}`, false, subscribe(`devices/${id}/modules/m1/messages/devicebound/#`)),
  ];
}

function publish(topic: string): (peer: Peer) => void {
  return (peer) => peer.publish(topic, 'forged', { qos: 1, messageId: 1 });
}

function subscribe(filter: string): (peer: Peer) => void {
  return (peer) => peer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
}

async function isAccepted(peer: Peer): Promise<boolean> {
  const answer = await peer.next();
  return answer?.cmd === 'connack' && answer.returnCode === 0;
}
