import { duplexPair } from 'node:stream';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/hub/log.ts';
import { createMqttFront, type MqttFront } from '../../../src/hub/mqtt/index.ts';
import {
  formatProvisioningUsername,
  operationStatusTopic,
  registerTopic,
  registrationResponsesFilter,
} from '../../../src/protocol/provisioning/index.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { openCore, type CoreFixture } from '../../support/core-fixture.ts';
import { connectPacket, startPeer, type Peer } from '../../support/mqtt-front.ts';

async function listen(peer: Peer): Promise<void> {
  peer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: registrationResponsesFilter, qos: 2 }] });
  expect(await peer.next()).toMatchObject({ cmd: 'suback', granted: [1] });
}

function ask(peer: Peer, topic: string, body = ''): void {
  peer.publish(topic, body, { qos: 1, messageId: 7 });
}

function bodyOf(packet: Packet | undefined): unknown {
  return JSON.parse(String((packet as IPublishPacket).payload));
}

describe('a device that registers over MQTT', () => {
  let fixture: CoreFixture;
  let front: MqttFront;
  let idScope: string;
  let key: string;
  const peers: Peer[] = [];
  beforeEach(async () => {
    fixture = await openCore({ withLog: true });
    front = createMqttFront({ core: fixture.core, clock: fixture.clock, log: silentLog });
    idScope = await fixture.core.provisioning.idScope();
    const attestation = { type: 'symmetricKey' };
    const made = await fixture.core.provisioning.enrollments.put('r1', { attestation }, undefined);
    key = made.attestation.symmetricKey?.primaryKey ?? '';
  });
  afterEach(async () => {
    for (const { stream } of peers.splice(0)) stream.end();
    await front.close();
    await fixture.close();
  });

  async function connect(options: { key?: string; username?: string; clientId?: string } = {}) {
    const [hubSide, peerSide] = duplexPair();
    front.accept(hubSide, { remote: '10.0.0.1:5000', secure: true });
    const peer = startPeer(peerSide);
    peers.push(peer);
    const resource = `${idScope}/registrations/r1`;
    const expiresAt = fixture.clock.now() / 1_000 + 60;
    const token = createSasToken({ resource, key: options.key ?? key, keyName: 'registration', expiresAt });
    const username = options.username ?? formatProvisioningUsername({ idScope, registrationId: 'r1' }, 'test');
    const clean = false;
    peer.send(connectPacket(options.clientId ?? 'r1', { clean, username, password: Buffer.from(token) }));
    const connack = await peer.next();
    return { peer, connack };
  }

  it('hears PUBACK first, then that it is assigned somewhere', async () => {
    const { peer, connack } = await connect();
    expect(connack).toMatchObject({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    await listen(peer);
    ask(peer, registerTopic('a'), '{"registrationId":"r1"}');
    expect(await peer.next()).toMatchObject({ cmd: 'puback', messageId: 7 });
    const first = await peer.next();
    expect(first).toMatchObject({ qos: 1, topic: '$dps/registrations/res/202/?$rid=a&retry-after=1' });
    const { operationId } = bodyOf(first) as { operationId: string };
    let answer = first;
    while ((answer as IPublishPacket).topic.includes('/202/')) {
      ask(peer, operationStatusTopic('b', operationId), ' ');
      await peer.next();
      answer = await peer.next();
    }
    expect(answer).toMatchObject({ topic: '$dps/registrations/res/200/?$rid=b' });
    expect(bodyOf(answer)).toMatchObject({ status: 'assigned', registrationState: { deviceId: 'r1' } });
    peer.send({ cmd: 'disconnect' });
    await peer.closed;
  });

  it('with a wrong key is connected all the same, and refused in the answer', async () => {
    const { peer, connack } = await connect({ key: Buffer.alloc(32).toString('base64') });
    expect(connack).toMatchObject({ returnCode: 0 });
    await listen(peer);
    ask(peer, registerTopic('1'));
    await peer.next();
    const answer = await peer.next();
    expect(answer).toMatchObject({ topic: '$dps/registrations/res/401/?$rid=1' });
    expect(bodyOf(answer)).toMatchObject({ errorCode: 401002 });
  });

  it('with a client id of another name is refused at once', async () => {
    const { peer, connack } = await connect({ clientId: 'r2' });
    expect(connack).toMatchObject({ returnCode: 5 });
    await peer.closed;
  });

  it.each([
    ['telemetry', (peer: Peer) => peer.publish('devices/r1/messages/events/', '{}')],
    ['a filter of devices', (peer: Peer) => void peer.subscribe('$iothub/twin/res/#')],
    ['a body that is too large', (peer: Peer) => peer.publish(registerTopic('1'), 'x'.repeat(120_000))],
    ['a second CONNECT', (peer: Peer) => peer.send(connectPacket('r1'))],
  ])('when it sends %s, then it is cut off', async (_name, send) => {
    const { peer } = await connect();
    send(peer);
    await peer.closed;
  });

  it('when its body is no JSON, then it is told so', async () => {
    const { peer } = await connect();
    await listen(peer);
    ask(peer, registerTopic('1'), '{');
    await peer.next();
    expect(await peer.next()).toMatchObject({ topic: '$dps/registrations/res/400/?$rid=1' });
  });

  it('lives while it pings, and its session is no session of a device', async () => {
    const { peer } = await connect();
    await peer.roundTrip();
    expect(fixture.core.sessions.size).toBe(0);
    expect(await fixture.core.sessions.readSubscriptions('r1')).toBeUndefined();
  });
});
