/** Every limit of a hub, in one place: its parts take their bounds from here, `hub start --limit` changes them, docs/limits.md lists them. */
import { amqpLimits } from './amqp.ts';
import { connectionLimits, deviceLimits, memoryLimits } from './connections.ts';
import { httpLimits, webSocketLimits } from './http.ts';
import { credentialLimits } from './credentials.ts';
import type { Limit } from './limit.ts';
import { mqttLimits } from './mqtt.ts';

export const limitTable = {
  connections: connectionLimits,
  memory: memoryLimits,
  device: deviceLimits,
  credentials: credentialLimits,
  mqtt: mqttLimits,
  amqp: amqpLimits,
  http: httpLimits,
  webSocket: webSocketLimits,
} as const satisfies Record<string, Record<string, Limit>>;

type Table = typeof limitTable;
export type LimitGroup = keyof Table;

/** The limits of one hub. Sizes in bytes, times in milliseconds. */
export type HubLimits = { readonly [Group in LimitGroup]: { readonly [Name in keyof Table[Group]]: number } };

/** What differs from the defaults. */
export type LimitChoices = {
  readonly [Group in LimitGroup]?: { readonly [Name in keyof Table[Group]]?: number | undefined } | undefined;
};

export const defaultLimits: HubLimits = chooseLimits({});

/** The defaults with what was chosen instead. */
export function chooseLimits(choices: LimitChoices): HubLimits {
  const groups = Object.entries(limitTable).map(([group, limits]) => {
    const chosen: Readonly<Record<string, number | undefined>> = choices[group as LimitGroup] ?? {};
    const values = Object.entries<Limit>(limits).map(([name, limit]) => [name, chosen[name] ?? limit.default]);
    return [group, Object.fromEntries(values)];
  });
  return Object.fromEntries(groups) as HubLimits;
}

/** A limit by its full name, such as `mqtt.connectBytes`. */
export interface NamedLimit extends Limit {
  readonly name: string;
}

/** All of them, in the order of the table. */
export const namedLimits: readonly NamedLimit[] = Object.entries<Readonly<Record<string, Limit>>>(limitTable).flatMap(
  ([group, limits]) => Object.entries(limits).map(([name, limit]) => ({ ...limit, name: `${group}.${name}` })),
);

/** The limits, by their full names, that are not the default ones. */
export function otherLimits(limits: HubLimits): Readonly<Record<string, number>> {
  const usual = flattenLimits(defaultLimits);
  return Object.fromEntries(Object.entries(flattenLimits(limits)).filter(([name, value]) => usual[name] !== value));
}

/** The value of each limit by its full name. */
export function flattenLimits(limits: HubLimits): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries<Readonly<Record<string, number>>>(limits).flatMap(([group, values]) =>
      Object.entries(values).map(([name, value]) => [`${group}.${name}`, value]),
    ),
  );
}
