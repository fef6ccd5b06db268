import type { HubInfo } from '../../hub/index.ts';
import { connectionOfHub } from './connection.ts';

export const environmentFormats = ['sh', 'fish', 'json', 'github'] as const;
type EnvironmentFormat = (typeof environmentFormats)[number];

interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
}

/** What programs need to talk to a hub on this machine: whom to trust, where it is, and how to prove who one is. */
export function environmentOf(info: HubInfo): EnvironmentVariable[] {
  const { serviceUrl, deviceUrl, amqpUrl } = connectionOfHub(info);
  return [
    ...open('NODE_EXTRA_CA_CERTS', info.caFile),
    ...open('IOTHUB_CA_FILE', info.caFile),
    ...open('IOTHUB_HOSTNAME', info.hostName),
    ...open('IOTHUB_MQTT_PORT', info.ports.mqtt),
    ...open('IOTHUB_MQTTS_PORT', info.ports.mqtts),
    ...open('IOTHUB_AMQP_PORT', info.ports.amqp),
    ...open('IOTHUB_AMQPS_PORT', info.ports.amqps),
    ...open('IOTHUB_HTTP_PORT', info.ports.http),
    ...open('IOTHUB_HTTPS_PORT', info.ports.https),
    { name: 'IOTHUB_CONNECTION_STRING', value: info.connectionString, secret: true },
    ...secret('IOTHUB_EVENT_HUB_CONNECTION_STRING', info.eventHubConnectionString),
    ...open('IOTHUB_DPS_ENDPOINT', info.dps.endpoint),
    ...open('IOTHUB_DPS_ID_SCOPE', info.dps.idScope),
    { name: 'IOTHUB_DPS_CONNECTION_STRING', value: info.dps.connectionString, secret: true },
    // For iotctl itself, so that every command of that shell talks to this hub, whatever profile is selected.
    ...open('IOTCTL_SERVICE_URL', serviceUrl ?? null),
    ...open('IOTCTL_DEVICE_URL', deviceUrl ?? null),
    ...open('IOTCTL_AMQP_URL', amqpUrl ?? null),
    ...open('IOTCTL_CA_FILE', info.caFile),
    { name: 'IOTCTL_CONNECTION_STRING', value: info.connectionString, secret: true },
  ];
}

function secret(name: string, value: string | null): EnvironmentVariable[] {
  return value === null ? [] : [{ name, value, secret: true }];
}

function open(name: string, value: string | number | null): EnvironmentVariable[] {
  return value === null ? [] : [{ name, value: String(value), secret: false }];
}

/** Writes variables so that a shell, a program or GITHUB_ENV takes them; values are quoted, whatever they hold. */
export function formatEnvironment(variables: readonly EnvironmentVariable[], format: EnvironmentFormat): string {
  switch (format) {
    case 'sh':
      return variables.map(({ name, value }) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`).join('');
    case 'fish':
      return variables
        .map(({ name, value }) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'\n`)
        .join('');
    case 'json':
      return `${JSON.stringify(Object.fromEntries(variables.map(({ name, value }) => [name, value])), undefined, 2)}\n`;
    case 'github':
      // A line break would begin another variable; none of the values can have one.
      return variables.map(({ name, value }) => `${name}=${value.replaceAll(/[\r\n]/g, '')}\n`).join('');
  }
}
