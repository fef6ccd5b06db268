import type * as Prometheus from 'prom-client';
import type { Clock } from '../../std/clock.ts';
import { answerMs, answerWithin } from './answer-within.ts';
import type { OperationsSources } from './sources.ts';

/** A request that was answered; `route` is the pattern, such as `/devices/:id`, so that there are few. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** From the first time the metrics are asked for; until then nobody could see it. */
  answered(request: AnsweredRequest): void;
}

/** What the hub tells Prometheus: name, kind and what it says. Times in seconds, sizes in bytes, as the conventions ask. */
export const metricNames = {
  iotctl_build_info: ['gauge', 'Always 1; its labels say what runs.', ['version']],
  iotctl_devices: ['gauge', 'Registered devices by status.', ['status']],
  iotctl_devices_connected: ['gauge', 'Registered devices that are connected.', []],
  iotctl_sessions: ['gauge', 'Devices and modules with a session.', []],
  iotctl_connections: ['gauge', 'Open connections by port.', ['port']],
  iotctl_connections_accepted_total: ['counter', 'Connections taken since the start, by port.', ['port']],
  iotctl_connections_strangers: ['gauge', 'Open connections that have not shown who they are.', []],
  iotctl_connections_refused_total: [
    'counter',
    'Connections that were not taken, by the limit that they met.',
    ['limit'],
  ],
  iotctl_connections_evicted_total: [
    'counter',
    'Connections that made room for others before they had shown who they are, by limit.',
    ['limit'],
  ],
  iotctl_connections_slowed_total: [
    'counter',
    'How often a device that sent more than it may was not read until the next second.',
    [],
  ],
  iotctl_unfinished_bytes: ['gauge', 'Held for packets, messages and bodies that have begun and not ended.', []],
  iotctl_unfinished_refused_total: [
    'counter',
    'Peers that were cut because there was no room for what they began.',
    [],
  ],
  iotctl_authentications_total: [
    'counter',
    'Checks of credentials by who came and what was decided.',
    ['caller', 'result'],
  ],
  iotctl_commands_total: ['counter', 'Direct methods by what became of them.', ['result']],
  iotctl_telemetry_messages_stored_total: [
    'counter',
    'Messages ever stored in the log, events among them where they are routed there.',
    [],
  ],
  iotctl_telemetry_messages: ['gauge', 'Messages in the log now.', []],
  iotctl_telemetry_log_bytes: ['gauge', 'Size of the log on disk.', []],
  iotctl_telemetry_oldest_timestamp_seconds: ['gauge', 'When the oldest message was stored.', []],
  iotctl_telemetry_newest_timestamp_seconds: ['gauge', 'When the newest message was stored.', []],
  iotctl_telemetry_followers: ['gauge', 'Readers that wait for new messages of the log.', []],
  iotctl_http_request_duration_seconds: [
    'histogram',
    'Answers of the REST API, from the first asking of these metrics on.',
    ['method', 'route', 'status'],
  ],
  iotctl_data_disk_free_bytes: ['gauge', 'What is free where the data directory is.', []],
  iotctl_data_disk_size_bytes: ['gauge', 'Size of the file system of the data directory.', []],
  iotctl_certificate_expiry_timestamp_seconds: ['gauge', 'When a certificate of the hub expires.', ['name']],
  iotctl_ready: ['gauge', '1 where a check of readiness holds, 0 where it does not.', ['check']],
} as const satisfies Record<string, readonly ['gauge' | 'counter' | 'histogram', string, readonly string[]]>;

type Name = keyof typeof metricNames;
type Labels = Readonly<Record<string, string>>;

/** Those of the process whose collection walks over every connection. */
const costly = [
  'active_handles',
  'active_handles_total',
  'active_requests',
  'active_requests_total',
  'active_resources',
  'active_resources_total',
];

/** Metrics that are looked up at each asking. The package is loaded by the first: a hub that nobody watches does not carry it. */
export async function openMetrics(sources: OperationsSources, readiness: Readings, clock: Clock): Promise<Metrics> {
  const prometheus = await import('prom-client');
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  for (const name of costly) registry.removeSingleMetric(`nodejs_${name}`);
  const meters = defineMeters(prometheus, registry);
  let turn: Promise<unknown> = Promise.resolve();
  const render = async (): Promise<string> => {
    meters.forget();
    for (const [name, labels, value] of await lookUp(sources, readiness, clock)) meters.set(name, labels, value);
    return registry.metrics();
  };
  return {
    contentType: registry.contentType,
    text() {
      // One after another: two that fill the same meters would add up.
      const text = turn.then(render);
      turn = text.catch(() => undefined);
      return text;
    },
    answered: ({ method, route, status, seconds }) =>
      meters.observe({ method, route, status: String(status) }, seconds),
  };
}

interface Meters {
  set(name: Name, labels: Labels, value: number): void;
  observe(labels: Labels, seconds: number): void;
  /** Values of gauges and counters are looked up anew, so that what is gone does not linger. */
  forget(): void;
}

function defineMeters({ Gauge, Counter, Histogram }: typeof Prometheus, registry: Prometheus.Registry): Meters {
  const looked = new Map<Name, Prometheus.Gauge | Prometheus.Counter>();
  let durations: Prometheus.Histogram | undefined;
  for (const [name, [kind, help, labelNames]] of Object.entries(metricNames)) {
    const options = { name, help, labelNames: [...labelNames], registers: [registry] };
    if (kind === 'histogram')
      durations = new Histogram({ ...options, buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10] });
    else looked.set(name as Name, kind === 'gauge' ? new Gauge(options) : new Counter(options));
  }
  return {
    set(name, labels, value) {
      const meter = looked.get(name);
      // A counter was forgotten before, so this sets it.
      if (meter instanceof Counter) meter.inc(labels, value);
      else meter?.set(labels, value);
    },
    observe: (labels, seconds) => durations?.observe(labels, seconds),
    forget() {
      for (const meter of looked.values()) {
        meter.reset();
        // A reset leaves one without labels at 0, which would say that there is nothing where nothing is known.
        meter.remove({});
      }
    },
  };
}

/** Longer than a check of readiness may take, so that a failed one is told. */
const lookUpMs = answerMs + 500;

type Readings = () => Promise<Readonly<Record<string, string>>>;
type Sample = readonly [name: Name, labels: Labels, value: number];

/** What is known; a part of the hub that does not answer leaves its own metrics out, and shows in `iotctl_ready`. */
async function lookUp(sources: OperationsSources, readiness: Readings, clock: Clock): Promise<readonly Sample[]> {
  const { counters } = sources;
  const parts: readonly (() => Promise<readonly Sample[]> | readonly Sample[])[] = [
    () => [
      ['iotctl_build_info', { version: sources.version }, 1],
      ['iotctl_sessions', {}, sources.sessions()],
    ],
    async () => {
      const { connected, enabled, total } = await sources.devices();
      return [
        ['iotctl_devices', { status: 'enabled' }, enabled],
        ['iotctl_devices', { status: 'disabled' }, total - enabled],
        ['iotctl_devices_connected', {}, connected],
      ];
    },
    () =>
      sources.ports().flatMap(({ name, open, accepted }): Sample[] => [
        ['iotctl_connections', { port: name }, open],
        ['iotctl_connections_accepted_total', { port: name }, accepted],
      ]),
    () => {
      const { strangers, refused, evicted } = sources.door();
      return [
        ['iotctl_connections_strangers', {}, strangers],
        ...Object.entries(refused).map(([limit, count]): Sample => [
          'iotctl_connections_refused_total',
          { limit },
          count,
        ]),
        ...Object.entries(evicted).map(([limit, count]): Sample => [
          'iotctl_connections_evicted_total',
          { limit },
          count,
        ]),
      ];
    },
    () => {
      const { held, refused } = sources.unfinished();
      return [
        ['iotctl_unfinished_bytes', {}, held],
        ['iotctl_unfinished_refused_total', {}, refused],
      ];
    },
    () => [['iotctl_connections_slowed_total', {}, counters.slowed]],
    () => counters.authentications.read().map(({ labels, count }) => ['iotctl_authentications_total', labels, count]),
    () => counters.commands.read().map(({ labels, count }) => ['iotctl_commands_total', labels, count]),
    async () => [['iotctl_telemetry_messages_stored_total', {}, await sources.storedMessages()]],
    async () => {
      const log = await sources.telemetry();
      return [
        ['iotctl_telemetry_messages', {}, log.messages],
        ['iotctl_telemetry_log_bytes', {}, log.bytes],
        ['iotctl_telemetry_followers', {}, log.followers],
        ...timestamp('iotctl_telemetry_oldest_timestamp_seconds', log.oldestTime),
        ...timestamp('iotctl_telemetry_newest_timestamp_seconds', log.newestTime),
      ];
    },
    async () => {
      const { free, size } = await sources.disk();
      return [
        ['iotctl_data_disk_free_bytes', {}, free],
        ['iotctl_data_disk_size_bytes', {}, size],
      ];
    },
    () =>
      sources.certificates.map(({ name, expires }) => [
        'iotctl_certificate_expiry_timestamp_seconds',
        { name },
        expires / 1_000,
      ]),
    async () =>
      Object.entries(await readiness()).map(([check, result]) => ['iotctl_ready', { check }, result === 'ok' ? 1 : 0]),
  ];
  const found = await Promise.all(
    parts.map((part) => answerWithin(clock, async () => part(), lookUpMs).catch(() => [])),
  );
  return found.flat();
}

function timestamp(name: Name, milliseconds: number | undefined): readonly Sample[] {
  return milliseconds === undefined ? [] : [[name, {}, milliseconds / 1_000]];
}
