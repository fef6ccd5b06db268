/** The hub's listening ports and how they are chosen. */
export const portNames = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https', 'operations'] as const;
export type PortName = (typeof portNames)[number];

/** A fixed port, 0 for a free one, `off` for none; `auto` is the default port, or a free one when that cannot be had. */
export type PortChoice = number | 'off' | 'auto';

export interface PortKind {
  readonly default: number;
  /** Words for messages. */
  readonly title: string;
  readonly secure: boolean;
  /** Back ends and operators come here, so that some connections are kept for it. */
  readonly forOperators?: true;
  readonly flag: string;
  /** What happens to the port when nothing is said about it. */
  readonly unasked: 'auto' | 'off';
}

export const portKinds: Readonly<Record<PortName, PortKind>> = {
  mqtt: { default: 1883, title: 'plain MQTT', secure: false, flag: '--mqtt-port', unasked: 'auto' },
  mqtts: { default: 8883, title: 'MQTT over TLS', secure: true, flag: '--mqtts-port', unasked: 'auto' },
  amqp: { default: 5672, title: 'plain AMQP', secure: false, flag: '--amqp-port', unasked: 'auto' },
  amqps: { default: 5671, title: 'AMQP over TLS', secure: true, flag: '--amqps-port', unasked: 'auto' },
  http: { default: 8080, title: 'plain HTTP', secure: false, forOperators: true, flag: '--http-port', unasked: 'auto' },
  https: { default: 443, title: 'HTTPS', secure: true, forOperators: true, flag: '--https-port', unasked: 'auto' },
  // The number that exporters of OpenTelemetry use.
  operations: { default: 9464, title: 'operations', secure: false, flag: '--operations-port', unasked: 'off' },
};

/** A default port that could not be had. */
export interface PortFallback {
  readonly name: PortName;
  readonly wanted: number;
  readonly got: number;
  readonly reason: 'in use by another program' | 'not allowed without more rights';
  readonly flag: string;
}
