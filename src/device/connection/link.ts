import type { SecureContext } from 'node:tls';

/** Where a device connects. */
export interface DeviceEndpoint {
  readonly host: string;
  readonly port: number;
  /** TLS unless a person asked for plain text. */
  readonly tls: boolean;
  /** PEM of the CA that signs the hub's certificate; the system's CAs when absent. */
  readonly ca?: string | undefined;
  /** The CA read already, for many devices at one hub; wins over `ca`. */
  readonly secureContext?: SecureContext;
}

export interface LinkOptions {
  readonly endpoint: DeviceEndpoint;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly keepAliveSeconds: number;
  /** Covers the TCP and TLS handshakes and the CONNACK. */
  readonly connectTimeoutMs: number;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** Called once when an open link ends, whoever ended it. */
  readonly onClosed: (reason: string) => void;
}

/** One MQTT connection, from CONNACK to its end. Nothing here reconnects; `LinkKeeper` does. */
export interface Link {
  /** The hub still had the session, subscriptions included. */
  readonly sessionPresent: boolean;
  /** QoS 1: settles with the PUBACK; QoS 0: when it is written. May never settle once the link is gone: watch `onClosed`. */
  publish(topic: string, payload: Uint8Array, quality: 0 | 1): Promise<void>;
  /** Settles with the SUBACK, under the same condition. */
  subscribe(filters: readonly string[]): Promise<void>;
  /** Says DISCONNECT and closes. */
  close(): Promise<void>;
  /** Cuts the connection without a word. */
  destroy(): void;
}

/** Opens a link. Rejects with {@link LinkRefused} when the hub said no, else with the socket's or TLS's error. */
export type OpenLink = (options: LinkOptions) => Promise<Link>;

/** The hub answered CONNECT with a code other than 0. */
export class LinkRefused extends Error {
  override readonly name = 'LinkRefused';
  readonly returnCode: number;

  constructor(returnCode: number) {
    super(refusalReason(returnCode));
    this.returnCode = returnCode;
  }

  /** Code 3 is a hub in trouble, so it may pass; the others need a person. Source: device.md §1.4. */
  get permanent(): boolean {
    return this.returnCode !== 3;
  }
}

function refusalReason(returnCode: number): string {
  switch (returnCode) {
    case 1:
      return 'the hub does not speak MQTT 3.1.1';
    case 2:
      return 'the hub refused the device id';
    case 3:
      return 'the hub is not available';
    case 4:
    case 5:
      return 'the hub refused the credentials: wrong or expired key, or an unknown or disabled device';
    default:
      return `the hub refused the connection with code ${returnCode}`;
  }
}
