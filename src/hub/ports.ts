/** The hub's listening ports and how they are chosen. */
export const portNames = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https'] as const;
export type PortName = (typeof portNames)[number];

/** A fixed port, 0 for a free one, `off` for none; `auto` is the default port, or a free one when that cannot be had. */
export type PortChoice = number | 'off' | 'auto';

export interface PortKind {
  readonly default: number;
  /** Words for messages. */
  readonly title: string;
  readonly secure: boolean;
  readonly flag: string;
}

export const portKinds: Readonly<Record<PortName, PortKind>> = {
  mqtt: { default: 1883, title: 'plain MQTT', secure: false, flag: '--mqtt-port' },
  mqtts: { default: 8883, title: 'MQTT over TLS', secure: true, flag: '--mqtts-port' },
  amqp: { default: 5672, title: 'plain AMQP', secure: false, flag: '--amqp-port' },
  amqps: { default: 5671, title: 'AMQP over TLS', secure: true, flag: '--amqps-port' },
  http: { default: 8080, title: 'plain HTTP', secure: false, flag: '--http-port' },
  https: { default: 443, title: 'HTTPS', secure: true, flag: '--https-port' },
};

/** A default port that could not be had. */
export interface PortFallback {
  readonly name: PortName;
  readonly wanted: number;
  readonly got: number;
  readonly reason: 'in use by another program' | 'not allowed without more rights';
  readonly flag: string;
}
