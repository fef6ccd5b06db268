import type { MethodResponse } from '../../protocol/method.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';

/** One telemetry message of a model. */
export interface Reading {
  readonly body: JsonObject;
  /** Application properties, such as `alarm`. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** An answer to a command, with the state after it. */
export interface CommandOutcome<State> extends MethodResponse {
  readonly state: State;
}

interface CommandDefinition<State> {
  readonly summary: string;
  readonly run: (state: State, payload: JsonValue) => CommandOutcome<State>;
}

/** A desired property that a model understands, beside `telemetryInterval`. */
interface NumberSetting<State> {
  readonly summary: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly apply: (state: State, value: number) => State;
}

/**
 * A kind of device as data: pure functions of state, elapsed virtual time and a seeded random source. The same seed, times
 * and commands give the same readings.
 */
export interface ModelDefinition<State> {
  readonly name: string;
  readonly summary: string;
  /** Seconds of virtual time between readings. */
  readonly intervalSeconds: number;
  /** Telemetry fields with what they hold and their unit. */
  readonly fields: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, NumberSetting<State>>>;
  readonly commands: Readonly<Record<string, CommandDefinition<State>>>;
  /** Facts for the reported properties. */
  readonly facts: Readonly<Record<string, string>>;
  readonly start: (random: () => number) => State;
  /** The state `seconds` later; `now` is the virtual time at the end, Unix milliseconds. */
  readonly advance: (state: State, seconds: number, random: () => number, now: number) => State;
  readonly read: (state: State, random: () => number) => Reading;
}

/** A model whose state type is hidden, so that different models stand in one list. */
export interface Model {
  readonly name: string;
  readonly summary: string;
  readonly intervalSeconds: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
  readonly commands: Readonly<Record<string, { readonly summary: string }>>;
  readonly settings: Readonly<Record<string, Omit<NumberSetting<never>, 'apply'>>>;
  start(random: () => number): ModelRun;
}

/** One device of a model, with its state. */
export interface ModelRun {
  /** Lets virtual time pass and reads. */
  readAfter(seconds: number, now: number): Reading;
  /** Undefined when the model has no such command. */
  command(name: string, payload: JsonValue): MethodResponse | undefined;
  set(name: string, value: number): void;
}

export function defineModel<State>(definition: ModelDefinition<State>): Model {
  return {
    ...definition,
    start: (random) => {
      let state = definition.start(random);
      return {
        readAfter: (seconds, now) => {
          state = definition.advance(state, seconds, random, now);
          return definition.read(state, random);
        },
        command: (name, payload) => {
          // Own properties alone: a command is named by the network.
          if (!Object.hasOwn(definition.commands, name)) return undefined;
          const outcome = definition.commands[name]?.run(state, payload);
          if (outcome === undefined) return undefined;
          state = outcome.state;
          return { status: outcome.status, payload: outcome.payload };
        },
        set: (name, value) => {
          if (Object.hasOwn(definition.settings, name)) state = definition.settings[name]?.apply(state, value) ?? state;
        },
      };
    },
  };
}

/** Cuts a reading to what a sensor would give. */
export function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** Sensor noise around zero, at most `spread` to either side, mostly small. */
export function noise(random: () => number, spread: number): number {
  return ((random() + random() + random()) / 1.5 - 1) * spread;
}

/** Moves `from` towards `to` with the time constant `tauSeconds`; exact for any step. */
export function approach(from: number, to: number, seconds: number, tauSeconds: number): number {
  return to + (from - to) * Math.exp(-seconds / tauSeconds);
}

/** A number member of a command's payload, undefined when it is absent or no finite number. */
export function numberIn(payload: JsonValue, name: string): number | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || !Object.hasOwn(payload, name))
    return undefined;
  const value = payload[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Picks one of a list that is not empty. */
export function pick<Item>(items: readonly [Item, ...Item[]], random: () => number): Item {
  return items[Math.floor(random() * items.length)] ?? items[0];
}
