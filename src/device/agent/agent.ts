import { Failure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { JsonObject } from '../../std/json.ts';
import { hopeless } from '../connection/connect.ts';
import type { DesiredChange } from '../connection/twin-channel.ts';
import { openDevice, type DeviceConnection, type DeviceOptions } from '../connection/device-connection.ts';
import type { LinkState } from '../connection/link-keeper.ts';
import { Outbox } from '../outbox/outbox.ts';
import { Reporter } from '../reporter.ts';
import { obey } from '../settings.ts';
import { agentCommands } from './commands.ts';
import { deliver, encodeReading } from './deliver.ts';
import { machineFacts } from './machine-facts.ts';
import { pause } from './pause.ts';
import { machineReadings, type Metric, type Readings } from './readings.ts';
import type { AllowedScripts } from './scripts.ts';
import type { AgentFirmware } from './agent-firmware.ts';
import type { FirmwareOptions } from '../firmware/files/open-firmware.ts';
import type { Report } from '../../protocol/firmware/index.ts';
import { agentSettings, type AgentState } from './agent-settings.ts';
import { messageOf } from '../../std/message-of.ts';

export type AgentEvent =
  | { readonly kind: 'link'; readonly state: LinkState }
  /** A reading was taken and is on the disk. */
  | { readonly kind: 'reading'; readonly body: JsonObject; readonly waiting: number }
  | { readonly kind: 'delivered'; readonly count: number; readonly waiting: number }
  | { readonly kind: 'command'; readonly name: string; readonly status: number }
  | { readonly kind: 'setting'; readonly intervalSeconds: number; readonly metrics: readonly Metric[] }
  /** What the agent says of its firmware; `wanted` is the version that is being installed, or was last. */
  | { readonly kind: 'firmware'; readonly report: Report; readonly wanted: string | undefined }
  | { readonly kind: 'trouble'; readonly reason: string }
  /** Readings given up: the outbox was full, or no hub would take them. */
  | { readonly kind: 'lost'; readonly count: number; readonly reason: string };

export interface AgentOptions {
  readonly device: DeviceOptions;
  readonly clock: Clock;
  /** Until the hub's desired properties say otherwise. */
  readonly intervalSeconds: number;
  readonly metrics: readonly Metric[];
  readonly scripts: AllowedScripts;
  /** The environment of the scripts; must hold no secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The agent's own version, for the reported properties. */
  readonly version: string;
  readonly outbox: { readonly directory: string; readonly maximumBytes: number };
  /** Where the machine keeps its firmware; absent when it takes none. */
  readonly firmware?: FirmwareOptions | undefined;
  /** Take one reading, bring it to the hub, and end. */
  readonly once: boolean;
  readonly onEvent: (event: AgentEvent) => void;
  /** The machine's sensors; this machine's when absent. */
  readonly readings?: Readings;
  readonly signal: AbortSignal;
}

export interface AgentSummary {
  readonly taken: number;
  readonly delivered: number;
  /** Still in the outbox. */
  readonly waiting: number;
  readonly lost: number;
}

/** How long `once` and the end of an agent wait for the hub. */
const onceMs = 30_000;
const goodbyeMs = 1_500;

/**
 * Runs this machine as a device until the signal aborts, or until one reading is delivered (`once`). Starts without a hub
 * too: readings wait in the outbox. Failures: `not-authorised` and `tls-untrusted` when the first connection is refused,
 * `hub-unreachable` when `once` could not deliver; system errors of the outbox's directory.
 */
export async function runAgent(options: AgentOptions): Promise<AgentSummary> {
  const agent = await Agent.start(options);
  try {
    await (options.once ? agent.once() : agent.untilStopped());
  } finally {
    await agent.close();
  }
  return agent.summary();
}

class Agent {
  readonly #options: AgentOptions;
  readonly #outbox: Outbox;
  readonly #readings: Readings;
  readonly #connection: DeviceConnection;
  readonly #reporter: Reporter;
  readonly #stop = new AbortController();
  readonly #delivery: Promise<void>;
  readonly #state: AgentState;
  #firmware: AgentFirmware | undefined;
  /** Changes that came before the firmware was looked at. */
  #desired: DesiredChange[] = [];
  #taken = 0;
  #delivered = 0;
  #lost = 0;
  /** Why the agent cannot go on. */
  #fatal: Error | undefined;
  /** What keeps the hub away, while something does. */
  #trouble = 'no answer';
  /** The interval was changed. */
  #changes = Promise.withResolvers<void>();
  /** The outbox became shorter. */
  #progress = Promise.withResolvers<void>();

  static async start(options: AgentOptions): Promise<Agent> {
    const readings = options.readings ?? (await machineReadings(options.clock));
    const outbox = await Outbox.open({
      ...options.outbox,
      onDropped: (count) => agent.#give(count, 'the outbox is full'),
    });
    const agent = new Agent(options, outbox, readings);
    try {
      await agent.#openFirmware();
    } catch (error) {
      await agent.close();
      throw error;
    }
    return agent;
  }

  private constructor(options: AgentOptions, outbox: Outbox, readings: Readings) {
    this.#options = options;
    this.#outbox = outbox;
    this.#readings = readings;
    this.#state = { intervalSeconds: options.intervalSeconds, metrics: options.metrics };
    this.#connection = openDevice(options.device);
    this.#reporter = new Reporter(this.#connection, options.clock, (error) => this.#give(0, error.message));
    this.#listen();
    this.#delivery = deliver({
      outbox,
      connection: this.#connection,
      clock: options.clock,
      signal: this.#stop.signal,
      onDelivered: (count) => {
        this.#delivered += count;
        options.onEvent({ kind: 'delivered', count, waiting: outbox.stats().waiting });
        this.#progress.resolve();
      },
      onRefused: (reason) => this.#give(1, reason),
    }).catch((error: unknown) => this.#fail(error as Error));
  }

  summary(): AgentSummary {
    return { taken: this.#taken, delivered: this.#delivered, waiting: this.#outbox.stats().waiting, lost: this.#lost };
  }

  async untilStopped(): Promise<void> {
    const { clock, signal } = this.#options;
    const ended = AbortSignal.any([signal, this.#stop.signal]);
    let due = clock.monotonic();
    while (!ended.aborted) {
      await this.#take();
      due = Math.max(due + this.#state.intervalSeconds * 1_000, clock.monotonic());
      due = await this.#pauseUntil(due, ended);
    }
    this.#throwFatal();
  }

  async once(): Promise<void> {
    const { signal } = this.#options;
    // A second look: load and network need two moments to compare.
    await this.#readings.take(this.#state.metrics);
    await this.#take();
    await this.#untilDelivered(onceMs, AbortSignal.any([signal, this.#stop.signal]));
    this.#throwFatal();
    const { waiting } = this.#outbox.stats();
    if (waiting === 0 || signal.aborted) return;
    const { host, port } = this.#options.device.endpoint;
    const kept = `${waiting} in the outbox for the next time`;
    throw new Failure('hub-unreachable', `cannot reach ${host}:${port}: ${this.#trouble}; ${kept}`, {
      retryable: true,
    });
  }

  async close(): Promise<void> {
    if (this.#connection.connected) await this.#untilDelivered(goodbyeMs, this.#stop.signal);
    await this.#firmware?.stop();
    this.#stop.abort();
    this.#reporter.close();
    await this.#connection.close();
    await this.#delivery;
    await this.#outbox.close();
  }

  /** Waits until the outbox is empty, at most so long. */
  async #untilDelivered(limitMs: number, ended: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const limit = clock.monotonic() + limitMs;
    while (this.#outbox.stats().waiting > 0 && clock.monotonic() < limit && !ended.aborted) {
      this.#progress = Promise.withResolvers();
      await pause(clock, limit - clock.monotonic(), ended, this.#progress.promise);
    }
  }

  #listen(): void {
    const { onEvent, device, scripts, environment, clock, version, firmware } = this.#options;
    const settings = agentSettings(this.#state, this.#options, () => this.#changed());
    let first = true;
    this.#connection.onState((state) => {
      onEvent({ kind: 'link', state });
      if (state.kind !== 'connected') this.#trouble = state.reason;
      const failure = first ? hopeless(state, `${device.endpoint.host}:${device.endpoint.port}`) : undefined;
      first = false;
      if (failure !== undefined) this.#fail(failure);
    });
    this.#connection.onDesired((change) => {
      this.#reporter.report(obey(settings, change));
      if (this.#firmware !== undefined) this.#firmware.desired(change);
      else if (firmware !== undefined) this.#desired.push(change);
    });
    const run = agentCommands({
      scripts: { scripts, environment, clock },
      state: this.#state,
      facts: () => ({ ...machineFacts(version), ...this.#report() }),
      changed: () => {
        this.#changed();
        this.#reporter.report(this.#report());
      },
    });
    this.#connection.onMethod(async (name, payload) => {
      const response = await run(name, payload);
      onEvent({ kind: 'command', name, status: response.status });
      return response;
    });
    this.#reporter.report({ ...machineFacts(version), ...this.#report() });
  }

  async #openFirmware(): Promise<void> {
    const { firmware, clock, device, environment, onEvent } = this.#options;
    if (firmware === undefined) return;
    const { startAgentFirmware } = await import('./agent-firmware.ts');
    this.#firmware = await startAgentFirmware(firmware, {
      clock,
      random: device.random,
      environment,
      ca: device.endpoint.ca,
      isConnected: () => this.#connection.connected,
      reporter: this.#reporter,
      onReport: (report, wanted) => onEvent({ kind: 'firmware', report, wanted }),
      onTrouble: (reason) => onEvent({ kind: 'trouble', reason }),
    });
    for (const change of this.#desired.splice(0)) this.#firmware.desired(change);
  }

  #fail(error: Error): void {
    this.#fatal ??= error;
    this.#stop.abort();
  }

  #throwFatal(): void {
    if (this.#fatal !== undefined) throw this.#fatal;
  }

  #report(): JsonObject {
    return { telemetryInterval: this.#state.intervalSeconds, metrics: [...this.#state.metrics] };
  }

  #changed(): void {
    this.#options.onEvent({ kind: 'setting', ...this.#state });
    this.#changes.resolve();
  }

  #give(count: number, reason: string): void {
    this.#lost += count;
    this.#options.onEvent({ kind: 'lost', count, reason });
    if (count > 0) this.#reporter.report({ lostReadings: this.#lost });
  }

  /** A reading that the disk does not take is lost, but the agent goes on: there may be room again. */
  async #take(): Promise<void> {
    const body = await this.#readings.take(this.#state.metrics);
    this.#taken++;
    try {
      await this.#outbox.append(encodeReading({ time: this.#options.clock.now(), body }));
    } catch (error) {
      this.#give(1, messageOf(error));
    }
    this.#options.onEvent({ kind: 'reading', body, waiting: this.#outbox.stats().waiting });
  }

  /** Waits until the reading is due and answers when that was; a new interval counts from its arrival on. */
  async #pauseUntil(due: number, ended: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    let at = due;
    while (clock.monotonic() < at && !ended.aborted) {
      this.#changes = Promise.withResolvers();
      const changed = await pause(clock, at - clock.monotonic(), ended, this.#changes.promise);
      if (changed) at = clock.monotonic() + this.#state.intervalSeconds * 1_000;
    }
    return at;
  }
}
