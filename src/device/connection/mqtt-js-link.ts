import type { SecureContext } from 'node:tls';
import type { IConnackPacket, MqttClient } from 'mqtt';
import { LinkRefused, type Link, type LinkOptions } from './link.ts';

/**
 * Opens a link with MQTT.js. Its own reconnecting is off: a new connection needs a new SAS token, and a publish on a
 * dropped link would never settle.
 */
export async function openMqttJsLink(options: LinkOptions): Promise<Link> {
  const { connect } = await import('mqtt');
  const { endpoint } = options;
  const client = connect({
    protocol: endpoint.tls ? 'mqtts' : 'mqtt',
    host: endpoint.host,
    port: endpoint.port,
    ...trustOf(endpoint),
    rejectUnauthorized: true,
    protocolVersion: 4,
    clientId: options.clientId,
    username: options.username,
    password: options.password,
    keepalive: options.keepAliveSeconds,
    clean: false,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: options.connectTimeoutMs,
  });
  client.on('message', (topic, payload) => options.onMessage(topic, payload));
  const connack = await waitForConnack(client);
  return openedLink(client, connack, options.onClosed);
}

/** MQTT.js hands what it does not know on to `tls.connect`. */
function trustOf({ ca, secureContext }: LinkOptions['endpoint']): { ca?: string; secureContext?: SecureContext } {
  if (secureContext !== undefined) return { secureContext };
  return ca === undefined ? {} : { ca };
}

function waitForConnack(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    // The listener stays for good: an 'error' nobody listens to would end the process.
    client.on('error', (error) => {
      reject(asRefusal(error));
      client.end(true);
    });
    client.once('close', () => reject(new Error('the hub closed the connection before it answered')));
    client.once('connect', resolve);
  });
}

/** MQTT.js reports a CONNACK refusal as an error whose `code` is the return code (a number; socket errors have text). */
function asRefusal(error: Error & { code?: unknown }): Error {
  return typeof error.code === 'number' ? new LinkRefused(error.code) : error;
}

function openedLink(client: MqttClient, connack: IConnackPacket, onClosed: (reason: string) => void): Link {
  let reason = 'the hub closed the connection';
  client.on('error', (error) => {
    reason = error.message;
  });
  client.once('close', () => {
    // Rejects what MQTT.js would otherwise keep waiting for ever.
    client.end(true);
    onClosed(reason);
  });
  return {
    sessionPresent: connack.sessionPresent,
    publish: async (topic, payload, quality) => {
      await client.publishAsync(topic, asBuffer(payload), { qos: quality });
    },
    subscribe: async (filters) => {
      await client.subscribeAsync([...filters], { qos: 0 });
    },
    close: async () => {
      reason = 'closed by this side';
      await client.endAsync();
    },
    destroy: () => {
      reason = 'closed by this side';
      client.end(true);
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
