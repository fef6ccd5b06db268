import type { Clock } from '../../std/clock.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';
import type { MethodResponse } from '../../protocol/method.ts';
import type { DeviceConnection } from '../connection/device-connection.ts';
import { problem } from '../connection/method-channel.ts';
import type { Model, ModelRun } from '../models/index.ts';
import { numberIn } from '../models/model.ts';
import { Reporter } from '../reporter.ts';
import { numberProblem, numberSetting, obey, type Setting } from '../settings.ts';
import type { SimulatedFirmware } from './firmware/simulated-firmware.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Seconds of virtual time between readings. */
const intervalBounds = { minimum: 0.1, maximum: 86_400 } as const;

export interface SimulatedDeviceOptions {
  readonly model: Model;
  readonly connection: DeviceConnection;
  readonly intervalSeconds: number;
  readonly random: () => number;
  readonly time: VirtualTime;
  readonly clock: Clock;
  readonly observer: SimulationObserver;
  /** False while the device is down or away: it sends nothing then. */
  readonly isUp?: () => boolean;
}

/** What a simulated device tells about its work. */
interface SimulationObserver {
  sent(): void;
  acknowledged(ms: number): void;
  failed(error: Error): void;
  /** Trouble that cost no message. */
  problem(error: Error): void;
  answered(): void;
}

/** Messages one device may have on their way; a reading beyond that is counted as failed. */
const onTheWayLimit = 64;

/** One device of a simulation: its model's readings at its interval, its commands and desired properties. */
export class SimulatedDevice {
  readonly #options: SimulatedDeviceOptions;
  readonly #run: ModelRun;
  readonly #reporter: Reporter;
  readonly #settings: readonly Setting[];
  #intervalSeconds: number;
  #readAt: number;
  #onTheWay = 0;
  #cancelNext: () => void = () => undefined;
  #firmware: Pick<SimulatedFirmware, 'desired' | 'start' | 'stop'> | undefined;

  constructor(options: SimulatedDeviceOptions) {
    this.#options = options;
    this.#intervalSeconds = options.intervalSeconds;
    this.#run = options.model.start(options.random);
    this.#readAt = options.time.now();
    this.#reporter = new Reporter(options.connection, options.clock, (error) => options.observer.problem(error));
    this.#settings = [this.#intervalSetting(), ...modelSettings(options.model, this.#run)];
  }

  /** The first reading comes somewhere within the first interval, so that a fleet does not speak with one voice. */
  start(): void {
    const { connection, model, random } = this.#options;
    connection.onMethod((name, payload) => this.#command(name, payload));
    connection.onDesired((change) => {
      this.#reporter.report(obey(this.#settings, change));
      this.#firmware?.desired(change);
    });
    this.#reporter.report({ model: model.name, ...model.facts, ...this.#current() });
    this.#schedule(this.#readAt + random() * this.#intervalSeconds * 1_000);
    this.#firmware?.start();
  }

  /** Gives the device firmware that can be updated; before it starts. It reports through the device. */
  carry(make: (reports: Pick<Reporter, 'report' | 'delivered'>) => SimulatedFirmware): void {
    this.#firmware = make(this.#reporter);
  }

  stop(): void {
    this.#firmware?.stop();
    this.#cancelNext();
    this.#reporter.close();
  }

  #schedule(at: number): void {
    this.#cancelNext();
    this.#cancelNext = this.#options.time.at(at, () => this.#read(at));
  }

  /** Readings are taken at the scheduled moment, not the one the timer fired at, so that a seed gives the same values again. */
  #read(at: number): void {
    const { time } = this.#options;
    const reading = this.#run.readAfter((at - this.#readAt) / 1_000, at);
    this.#readAt = at;
    const step = this.#intervalSeconds * 1_000;
    // After a pause of the process, such as a laptop's sleep, what was missed is left out.
    const next = at + step * Math.max(1, Math.floor((time.now() - at) / step));
    this.#schedule(next);
    if (this.#options.isUp?.() !== false) void this.#send(reading.body, reading.properties);
  }

  async #send(body: JsonObject, properties: Readonly<Record<string, string>> | undefined): Promise<void> {
    const { connection, clock, observer } = this.#options;
    observer.sent();
    if (this.#onTheWay >= onTheWayLimit) {
      observer.failed(new Error(`${onTheWayLimit} messages of ${connection.deviceId} wait for the hub already`));
      return;
    }
    this.#onTheWay++;
    const started = clock.monotonic();
    try {
      await connection.sendTelemetry(body, properties === undefined ? {} : { properties });
      observer.acknowledged(clock.monotonic() - started);
    } catch (error) {
      // A device that goes down takes what it had not sent along.
      if (this.#options.isUp?.() !== false) observer.failed(error as Error);
    } finally {
      this.#onTheWay--;
    }
  }

  #command(name: string, payload: JsonValue): MethodResponse {
    this.#options.observer.answered();
    if (name === 'ping') return { status: 200, payload: { message: 'pong' } };
    if (name === 'get-info')
      return {
        status: 200,
        payload: { model: this.#options.model.name, ...this.#options.model.facts, ...this.#current() },
      };
    if (name === 'set-interval') return this.#setInterval(payload);
    const answer = this.#run.command(name, payload);
    if (answer !== undefined) return answer;
    const known = ['ping', 'get-info', 'set-interval', ...Object.keys(this.#options.model.commands)];
    return problem(404, `no such command; this device knows ${known.join(', ')}`);
  }

  #setInterval(payload: JsonValue): MethodResponse {
    const seconds = numberIn(payload, 'seconds');
    const wrong = numberProblem('seconds', seconds, intervalBounds.minimum, intervalBounds.maximum);
    if (wrong !== undefined || seconds === undefined) return problem(400, wrong ?? 'seconds is missing');
    const before = this.#intervalSeconds;
    this.#changeInterval(seconds);
    this.#reporter.report({ telemetryInterval: seconds });
    return { status: 200, payload: { telemetryInterval: seconds, before } };
  }

  #changeInterval(seconds: number): void {
    this.#intervalSeconds = seconds;
    this.#schedule(this.#options.time.now() + seconds * 1_000);
  }

  #intervalSetting(): Setting {
    return numberSetting({
      name: 'telemetryInterval',
      ...intervalBounds,
      default: this.#options.intervalSeconds,
      unit: 'seconds',
      set: (seconds) => this.#changeInterval(seconds),
      get: () => this.#intervalSeconds,
    });
  }

  #current(): JsonObject {
    return Object.fromEntries(this.#settings.map((setting) => [setting.name, setting.current()]));
  }
}

function modelSettings(model: Model, run: ModelRun): Setting[] {
  return Object.entries(model.settings).map(([name, setting]) => {
    let current = setting.default;
    return numberSetting({
      name,
      minimum: setting.minimum,
      maximum: setting.maximum,
      default: setting.default,
      set: (value) => {
        current = value;
        run.set(name, value);
      },
      get: () => current,
    });
  });
}
