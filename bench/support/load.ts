import { fileURLToPath } from 'node:url';
import { formatMqttUsername, telemetryTopic } from '../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import type { AmqpPlan } from '../load/amqp-publisher.ts';
import type { ConnectorPlan, ConnectorReport } from '../load/connector.ts';
import type { MqttIdentity } from '../load/mqtt-connect.ts';
import type { PacerPlan, PacerReport } from '../load/pacer.ts';
import type { PublisherPlan, PublisherReport } from '../load/publisher.ts';
import type { RespondersPlan } from '../load/responders.ts';
import type { BenchDevice } from './devices.ts';
import type { BenchHub } from './hub.ts';
import { hold, type Held } from './held.ts';
import { runNode } from './processes.ts';

const publisher = fileURLToPath(new URL('../load/publisher.ts', import.meta.url));
const pacer = fileURLToPath(new URL('../load/pacer.ts', import.meta.url));
const responders = fileURLToPath(new URL('../load/responders.ts', import.meta.url));
const connector = fileURLToPath(new URL('../load/connector.ts', import.meta.url));
const tokenSeconds = 3_600;

const amqpPublisher = fileURLToPath(new URL('../load/amqp-publisher.ts', import.meta.url));

/** The same over AMQP. */
export async function publishAmqp(plan: AmqpPlan): Promise<PublisherReport> {
  const { stdout } = await runNode([amqpPublisher], { input: JSON.stringify(plan) });
  return JSON.parse(stdout) as PublisherReport;
}

/** How each device sends over AMQP. */
export function amqpConnections(hub: BenchHub, devices: readonly BenchDevice[]): AmqpPlan['connections'] {
  const expiresAt = Math.floor(Date.now() / 1_000) + tokenSeconds;
  return devices.map(({ deviceId, key }) => ({
    address: `/devices/${deviceId}/messages/events`,
    audience: `${hub.hostName}/devices/${deviceId}`,
    token: createSasToken({ resource: `${hub.hostName}/devices/${deviceId}`, key, expiresAt }),
  }));
}

/** Runs the load generator in its own process. The plan goes through a pipe: it holds tokens. */
export async function publish(plan: PublisherPlan): Promise<PublisherReport> {
  const { stdout } = await runNode([publisher], { input: JSON.stringify(plan) });
  return JSON.parse(stdout) as PublisherReport;
}

/** Sends at an even rate, from a process of its own. */
export async function pace(plan: PacerPlan): Promise<PacerReport> {
  const { stdout } = await runNode([pacer], { input: JSON.stringify(plan) });
  return JSON.parse(stdout) as PacerReport;
}

/** How each device connects to the hub. */
export function deviceConnections(hub: BenchHub, devices: readonly BenchDevice[]): PublisherPlan['connections'] {
  const expiresAt = Math.floor(Date.now() / 1_000) + tokenSeconds;
  return devices.map(({ deviceId, key }) => ({
    clientId: deviceId,
    username: formatMqttUsername({ hostName: hub.hostName, deviceId }),
    password: createSasToken({ resource: `${hub.hostName}/devices/${deviceId}`, key, expiresAt }),
    topic: telemetryTopic(deviceId, '%24.ct=application%2Fjson&%24.ce=utf-8'),
  }));
}

/** How each device connects to the hub, with its token. */
export function deviceIdentities(hub: BenchHub, devices: readonly BenchDevice[]): MqttIdentity[] {
  return deviceConnections(hub, devices).map(({ clientId, username, password }) => ({
    clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }));
}

/** Connects many clients and closes them again. */
export async function connectAll(plan: Omit<ConnectorPlan, 'hold'>): Promise<ConnectorReport> {
  const { stdout } = await runNode([connector], { input: `${JSON.stringify({ ...plan, hold: false })}\n` });
  return JSON.parse(stdout) as ConnectorReport;
}

/** Connects many clients and keeps them until `close`, which fails when one was lost meanwhile. */
export function holdConnections(plan: Omit<ConnectorPlan, 'hold'>): Promise<Held> {
  return hold(connector, { ...plan, hold: true } satisfies ConnectorPlan);
}

/** Clients that answer what they are asked, until `close`. */
export function holdResponders(plan: RespondersPlan): Promise<Held> {
  return hold(responders, plan);
}
