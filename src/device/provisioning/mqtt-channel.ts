/** Registration over MQTT, bare or in a WebSocket. Source: device.md §5.2. */
import type { IClientOptions, MqttClient } from 'mqtt';
import {
  formatProvisioningUsername,
  operationStatusTopic,
  parseRegistrationResponse,
  registerTopic,
  registrationResponsesFilter,
} from '../../protocol/provisioning/index.ts';
import { tlsOf, type ChannelOptions, type RegistrationChannel, type RegistrationReply } from './channel.ts';

/** Where hubs and provisioning services take WebSockets. Source: device.md §0. */
const webSocketPath = '/$iothub/websocket';

export async function openMqttChannel(options: ChannelOptions, webSocket: boolean): Promise<RegistrationChannel> {
  const { connect } = await import('mqtt');
  options.signal?.throwIfAborted();
  const client = connect(connectOptions(options, webSocket));
  const talk = new Talk(client, options);
  try {
    // The library's own promise never ends when the connection does before it is accepted.
    await talk.within(new Promise((resolve) => client.once('connect', resolve)));
    await talk.within(client.subscribeAsync(registrationResponsesFilter, { qos: 1 }));
  } catch (error) {
    client.end(true);
    throw error;
  }
  return {
    register: (body) => talk.ask((requestId) => registerTopic(requestId), body),
    status: (operationId) => talk.ask((requestId) => operationStatusTopic(requestId, operationId), ''),
    close: () => talk.close(),
  };
}

function connectOptions(options: ChannelOptions, webSocket: boolean): IClientOptions {
  const { endpoint, registrationId, token, clientVersion } = options;
  const plain = webSocket ? 'ws' : 'mqtt';
  return {
    protocol: endpoint.tls ? `${plain}s` : plain,
    host: endpoint.host,
    port: endpoint.port,
    ...(webSocket && { path: webSocketPath, wsOptions: tlsOf(options) }),
    ...tlsOf(options),
    rejectUnauthorized: true,
    protocolVersion: 4,
    clientId: registrationId,
    username: formatProvisioningUsername(options, clientVersion),
    ...(token !== undefined && { password: token }),
    clean: true,
    keepalive: 60,
    // A new connection is the caller's decision.
    reconnectPeriod: 0,
    connectTimeout: options.timeoutMs,
  };
}

/** Requests and their answers, by request id. */
class Talk {
  readonly #client: MqttClient;
  readonly #options: ChannelOptions;
  readonly #waiting = new Map<string, (reply: RegistrationReply) => void>();
  readonly #ended = Promise.withResolvers<never>();
  #requests = 0;

  constructor(client: MqttClient, options: ChannelOptions) {
    this.#client = client;
    this.#options = options;
    // Nobody may be waiting when it ends.
    this.#ended.promise.catch(() => undefined);
    client.on('message', (topic, payload) => this.#receive(topic, payload));
    client.on('error', (error) => this.#ended.reject(error));
    client.on('close', () => this.#ended.reject(new Error('the service closed the connection')));
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  async ask(topicOf: (requestId: string) => string, body: string): Promise<RegistrationReply> {
    const requestId = String(++this.#requests);
    const answer = Promise.withResolvers<RegistrationReply>();
    this.#waiting.set(requestId, answer.resolve);
    try {
      const published = this.#client.publishAsync(topicOf(requestId), body, { qos: 1 });
      return await this.within(published.then(() => answer.promise));
    } finally {
      this.#waiting.delete(requestId);
    }
  }

  /** The work's end, the connection's, or that of the time for it. */
  async within<Value>(work: Promise<Value>): Promise<Value> {
    const { clock, timeoutMs } = this.#options;
    const late = Promise.withResolvers<never>();
    const cancel = clock.after(timeoutMs, () => late.reject(new Error('the service did not answer in time')));
    try {
      return await Promise.race([work, this.#ended.promise, late.promise]);
    } finally {
      cancel();
    }
  }

  async close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    await this.#client.endAsync().catch(() => undefined);
  }

  readonly #abort = (): void => {
    this.#ended.reject(this.#options.signal?.reason as Error);
    this.#client.end(true);
  };

  #receive(topic: string, payload: Buffer): void {
    const response = parseRegistrationResponse(topic);
    if (response === undefined) return;
    const { status, retryAfter } = response;
    this.#waiting.get(response.requestId)?.({ status, retryAfter, body: payload.toString('utf8') });
  }
}
