import { fileURLToPath } from 'node:url';
import { formatMqttUsername, telemetryTopic } from '../../src/protocol/mqtt/index.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import type { AmqpPlan } from '../load/amqp-publisher.ts';
import type { PublisherPlan, PublisherReport } from '../load/publisher.ts';
import type { BenchDevice } from './devices.ts';
import type { BenchHub } from './hub.ts';
import { runNode } from './processes.ts';

const publisher = fileURLToPath(new URL('../load/publisher.ts', import.meta.url));
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
