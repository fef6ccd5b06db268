import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatMqttUsername, telemetryTopic } from '../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { bodyAsJson, type TelemetryMessage } from '../../src/protocol/telemetry/index.ts';
import { eventually, startTestHub, type TestHub } from './test-hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await startTestHub();
});
afterEach(() => hub.close());

/** A device by MQTT.js alone, which does not reconnect: what it sees is what the hub did. */
async function plainDevice(deviceId: string, key: string, clean: boolean): Promise<MqttClient> {
  const { hostName, ports } = hub.info;
  const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
  return mqtt.connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, {
    clientId: deviceId,
    username: formatMqttUsername({ hostName, deviceId }),
    password: createSasToken({ resource: `${hostName}/devices/${deviceId}`, key, expiresAt }),
    clean,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
}

describe('a hub that is restarted', () => {
  it('keeps devices, twins, keys and telemetry', async () => {
    await hub.provision(['keeper'], { tags: { site: 'x' }, properties: { desired: { interval: 9 } } });
    const device = await hub.connect('keeper');
    await device.sendTelemetry({ n: 1 });
    await device.reportProperties({ firmware: '1' });
    await device.close();
    const { connectionString } = hub.info;
    const identity = await hub.client.devices.get('keeper');
    const twin = await hub.client.twins.get('keeper');
    await hub.restart();
    expect(hub.info.connectionString).toBe(connectionString);
    const { authentication, etag, generationId } = await hub.client.devices.get('keeper');
    expect({ authentication, etag, generationId }).toEqual({
      authentication: identity.authentication,
      etag: identity.etag,
      generationId: identity.generationId,
    });
    const { properties, tags, version } = await hub.client.twins.get('keeper');
    expect({ properties, tags, version }).toEqual({
      properties: twin.properties,
      tags: twin.tags,
      version: twin.version,
    });
    const messages: TelemetryMessage[] = [];
    for await (const batch of hub.client.telemetry.read({ from: 'earliest', follow: false }))
      messages.push(...batch.messages);
    expect(messages.map(bodyAsJson)).toEqual([{ n: 1 }]);
  });

  it('when a reader follows and a device goes on sending, then neither loses nor repeats a message', async () => {
    await hub.provision(['steady']);
    const device = await hub.connect('steady');
    const links: string[] = [];
    const seen: number[] = [];
    const total = 300;
    const reading = (async () => {
      const request = {
        from: 'earliest',
        follow: true,
        onLink: (event: { kind: string }) => links.push(event.kind),
      } as const;
      for await (const { messages } of hub.client.telemetry.read(request)) {
        for (const message of messages) seen.push((bodyAsJson(message) as { n: number }).n);
        if (seen.includes(total - 1)) return;
      }
    })();
    const sending = (async () => {
      for (let n = 0; n < total; n++) await device.sendTelemetry({ n });
    })();
    await eventually(async () => expect(seen.length).toBeGreaterThan(50));
    await hub.restart();
    await sending;
    await reading;
    // A message whose acknowledgement was lost with the link is sent again: QoS 1 is at least once. The reader adds no repeat of its own.
    const distinct = [...new Set(seen)];
    expect(distinct).toEqual(Array.from({ length: total }, (_, n) => n));
    expect(seen.length - total).toBeLessThanOrEqual(1);
    expect(links).toEqual(expect.arrayContaining(['lost', 'restored']));
  });

  it('when a device kept its session, then its subscriptions outlive the restart', async () => {
    const keys = await hub.provision(['session']);
    const key = keys.get('session') ?? '';
    const first = await plainDevice('session', key, false);
    await first.subscribeAsync('$iothub/twin/PATCH/properties/desired/#');
    await first.endAsync();
    await hub.restart();
    const second = await plainDevice('session', key, false);
    const told = new Promise<unknown>((resolve) =>
      second.on('message', (_topic, payload) => resolve(JSON.parse(payload.toString()))),
    );
    await hub.client.twins.patch('session', { properties: { desired: { a: 1 } } });
    expect(await told).toEqual({ a: 1, $version: 2 });
    await second.endAsync();
  });
});

describe('a device that connects twice', () => {
  it('when the second comes, then the first is cut and the second works', async () => {
    const keys = await hub.provision(['twice']);
    const key = keys.get('twice') ?? '';
    const first = await plainDevice('twice', key, true);
    const closed = new Promise<void>((resolve) => first.on('close', () => resolve()));
    const second = await plainDevice('twice', key, true);
    await closed;
    await second.publishAsync(telemetryTopic('twice'), '{"from":"second"}', { qos: 1 });
    await eventually(async () =>
      expect(await hub.client.devices.get('twice')).toMatchObject({ connectionState: 'Connected' }),
    );
    await second.endAsync();
    await eventually(async () =>
      expect(await hub.client.devices.get('twice')).toMatchObject({ connectionState: 'Disconnected' }),
    );
  });

  it('when a device vanishes without goodbye, then its will is telemetry', async () => {
    const keys = await hub.provision(['mortal']);
    const { hostName, ports } = hub.info;
    const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
    const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, {
      clientId: 'mortal',
      username: formatMqttUsername({ hostName, deviceId: 'mortal' }),
      password: createSasToken({ resource: `${hostName}/devices/mortal`, key: keys.get('mortal') ?? '', expiresAt }),
      protocolVersion: 4,
      reconnectPeriod: 0,
      will: { topic: telemetryTopic('mortal', 'why=power'), payload: Buffer.from('gone'), qos: 1, retain: false },
    });
    device.stream.destroy();
    const messages = await eventually(async () => {
      const found: TelemetryMessage[] = [];
      for await (const batch of hub.client.telemetry.read({ from: 'earliest', follow: false }))
        found.push(...batch.messages);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(messages[0]).toMatchObject({
      deviceId: 'mortal',
      properties: { why: 'power', 'iothub-MessageType': 'Will' },
    });
    expect(Buffer.from(messages[0]?.body ?? []).toString()).toBe('gone');
  });
});
