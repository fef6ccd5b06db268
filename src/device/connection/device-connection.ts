import { Failure } from '../../errors/index.ts';
import { formatMqttUsername } from '../../protocol/mqtt/index.ts';
import { createSasToken } from '../../protocol/sas-token.ts';
import type { DeviceTwin } from '../../protocol/twin/document.ts';
import type { Clock } from '../../std/clock.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';
import type { Backoff } from './backoff.ts';
import { LinkKeeper, type LinkState } from './link-keeper.ts';
import type { DeviceEndpoint, Link, OpenLink } from './link.ts';
import { MethodChannel, type MethodHandler } from './method-channel.ts';
import { openMqttJsLink } from './mqtt-js-link.ts';
import { encodeTelemetry, type TelemetryOptions } from './telemetry-codec.ts';
import { TwinChannel, type DesiredListener } from './twin-channel.ts';
import { Uplink } from './uplink.ts';

/** Who a device is: the parts of its connection string. */
export interface DeviceCredentials {
  /** The hub's name as it stands in the SAS audience, whatever the address connected to. */
  readonly hostName: string;
  readonly deviceId: string;
  /** Base64. */
  readonly sharedAccessKey: string;
}

export interface DeviceLimits {
  /** TCP, TLS and CONNACK of one try. */
  readonly connectTimeoutMs: number;
  /** A telemetry message or a twin request, reconnects included. */
  readonly answerTimeoutMs: number;
  /** Telemetry messages that may wait at once. */
  readonly waitingMessages: number;
  readonly tokenLifetimeMs: number;
  readonly keepAliveSeconds: number;
  readonly backoff: Backoff;
}

export interface DeviceOptions {
  readonly credentials: DeviceCredentials;
  readonly endpoint: DeviceEndpoint;
  readonly clock: Clock;
  /** 0 to 1; spreads reconnects. */
  readonly random: () => number;
  readonly limits?: Partial<DeviceLimits>;
  /** The transport; MQTT.js when absent. */
  readonly openLink?: OpenLink;
}

/** A device's side of the hub. Reconnects by itself until closed. */
export interface DeviceConnection {
  readonly deviceId: string;
  readonly connected: boolean;
  /**
   * Resolves at the PUBACK: the hub has it on disk. Waits for a link and repeats itself after a lost one until the deadline.
   * Failures: `hub-unreachable`, `timed-out`, `throttled` (retryable), `invalid-value` (too large).
   */
  sendTelemetry(body: JsonValue | Uint8Array, options?: TelemetryOptions): Promise<void>;
  getTwin(): Promise<DeviceTwin>;
  /** Merges; `null` deletes. Resolves to the new version. Failure `refused` when the hub's twin rules are broken. */
  reportProperties(patch: JsonObject): Promise<number>;
  /** One listener. Told the whole section after each connect and every newer change. */
  onDesired(listener: DesiredListener): void;
  /** One handler for all commands. */
  onMethod(handler: MethodHandler): void;
  /** Returns how to stop listening. */
  onState(listener: (state: LinkState) => void): () => void;
  /** Resolves when every telemetry message has its PUBACK or has failed, or after `limitMs`. */
  drained(limitMs: number): Promise<void>;
  close(): Promise<void>;
}

const defaultLimits: DeviceLimits = {
  connectTimeoutMs: 15_000,
  answerTimeoutMs: 30_000,
  waitingMessages: 1_000,
  tokenLifetimeMs: 3_600_000,
  keepAliveSeconds: 60,
  backoff: { firstMs: 500, maximumMs: 30_000 },
};

/** The share of a token's life after which it is renewed. */
const renewAt = 0.85;
/** How long a planned reconnect waits for messages on their way. */
const settleMs = 5_000;

/** Begins to connect and returns at once; states tell how it goes. */
export function openDevice(options: DeviceOptions): DeviceConnection {
  const { credentials, clock, random, endpoint } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const filters = new Set<string>();
  const listeners = new Set<(state: LinkState) => void>();
  const link = (): Link | undefined => keeper.link;
  const listen = (filter: string): void => {
    if (filters.has(filter)) return;
    filters.add(filter);
    const open = link();
    if (open !== undefined) subscribe(open, [filter], clock, limits.answerTimeoutMs);
  };
  const uplink = new Uplink({ clock, link, deadlineMs: limits.answerTimeoutMs, limit: limits.waitingMessages });
  const twin = new TwinChannel({ clock, link, listen, deadlineMs: limits.answerTimeoutMs });
  const methods = new MethodChannel({ link, listen });
  const keeper = new LinkKeeper({
    endpoint,
    clientId: credentials.deviceId,
    username: formatMqttUsername({
      hostName: credentials.hostName,
      deviceId: credentials.deviceId,
      clientType: 'iotctl',
    }),
    credentials: () => freshToken(credentials, limits.tokenLifetimeMs, clock),
    keepAliveSeconds: limits.keepAliveSeconds,
    connectTimeoutMs: limits.connectTimeoutMs,
    backoff: limits.backoff,
    clock,
    random,
    openLink: options.openLink ?? openMqttJsLink,
    onMessage: (topic, payload) => {
      if (!twin.receive(topic, payload)) methods.receive(topic, payload);
    },
    onUp: (open) => {
      // Always, also when the hub still has the session: it may have been made by a program that listened to less.
      if (filters.size > 0) subscribe(open, [...filters], clock, limits.answerTimeoutMs);
      twin.linkUp(open);
      uplink.resend(open);
    },
    settle: () => uplink.drained(settleMs),
    onState: (state) => {
      for (const listener of listeners) listener(state);
    },
  });
  keeper.start();
  return {
    deviceId: credentials.deviceId,
    get connected() {
      return keeper.link !== undefined;
    },
    sendTelemetry: async (body, telemetry) => {
      const { topic, payload } = encodeTelemetry(credentials.deviceId, body, telemetry);
      await uplink.send(topic, payload);
    },
    getTwin: () => twin.get(),
    reportProperties: (patch) => twin.report(patch),
    onDesired: (listener) => twin.onDesired(listener),
    onMethod: (handler) => methods.onMethod(handler),
    onState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    drained: (limitMs) => uplink.drained(limitMs),
    close: async () => {
      await keeper.close();
      uplink.close();
      twin.close(new Failure('hub-unreachable', 'the connection was closed before the hub answered'));
    },
  };
}

function freshToken(
  credentials: DeviceCredentials,
  lifetimeMs: number,
  clock: Clock,
): { password: string; renewInMs: number } {
  const password = createSasToken({
    resource: `${credentials.hostName}/devices/${credentials.deviceId}`,
    key: credentials.sharedAccessKey,
    expiresAt: Math.floor((clock.now() + lifetimeMs) / 1_000),
  });
  return { password, renewInMs: lifetimeMs * renewAt };
}

/** A SUBACK that does not come means a link that does not work: it is cut, and the next one begins anew. */
function subscribe(link: Link, filters: readonly string[], clock: Clock, deadlineMs: number): void {
  const cancel = clock.after(deadlineMs, () => link.destroy(), { unref: true });
  link.subscribe(filters).then(cancel, () => {
    cancel();
    link.destroy();
  });
}
