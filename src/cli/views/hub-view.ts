import type { HubInfo } from '../../hub/index.ts';
import type { DocumentView } from '../output/output.ts';

const portTitles = [
  ['MQTT over TLS', 'mqtts', 'mqtts'],
  ['MQTT', 'mqtt', 'mqtt'],
  ['AMQP over TLS', 'amqps', 'amqps'],
  ['AMQP', 'amqp', 'amqp'],
  ['HTTPS', 'https', 'https'],
  ['HTTP', 'http', 'http'],
  ['Operations', 'operations', 'http'],
] as const;

/** Where a hub listens, as `label: address` lines. */
export function addressFields({ ports }: Pick<HubInfo, 'ports'>): [label: string, value: string][] {
  return portTitles.flatMap(([title, name, scheme]): [string, string][] => {
    const port = ports[name];
    return port === null || port === undefined ? [] : [[title, `${scheme}://localhost:${port}`]];
  });
}

/** Where Event Hubs clients read, as `sb://host:port/entity`: the connection string without its key. */
function eventHubAddress(connectionString: string): string {
  const [, endpoint = ''] = /(?:^|;)Endpoint=([^;]*?)\/?(?:;|$)/.exec(connectionString) ?? [];
  const [, entity = ''] = /(?:^|;)EntityPath=([^;]*)/.exec(connectionString) ?? [];
  return `${endpoint}/${entity}`;
}

/** What anyone may see of a running hub. */
export function withoutSecrets<Info extends HubInfo>({
  connectionString: _hub,
  eventHubConnectionString: eventHub,
  dps: { connectionString: _dps, ...dps },
  ...info
}: Info) {
  return { ...info, eventHub: eventHub === null ? null : eventHubAddress(eventHub), dps };
}

/** A hub that has just started. The connection string is a secret and only there when it was asked for. */
export function startedHubView(showSecrets: boolean): DocumentView<HubInfo & { readonly logFile?: string }> {
  return {
    fields: (info) => [
      ['Host name', info.hostName, 'accent'],
      ...addressFields(info),
      ['Id scope', info.dps.idScope],
      ['Data', info.dataDir],
      ['CA file', info.caFile],
      ['Process', info.pid],
      ...(info.logFile === undefined ? [] : [['Log', info.logFile] as const]),
      ...(showSecrets ? [['Connection string', info.connectionString, 'warn'] as const] : []),
    ],
    json: (info) => (showSecrets ? info : withoutSecrets(info)),
    name: (info) => info.hostName,
  };
}
