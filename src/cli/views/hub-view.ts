import type { HubInfo } from '../../hub/index.ts';
import type { DocumentView } from '../output/output.ts';

const portTitles = [
  ['MQTT over TLS', 'mqtts', 'mqtts'],
  ['MQTT', 'mqtt', 'mqtt'],
  ['HTTPS', 'https', 'https'],
  ['HTTP', 'http', 'http'],
] as const;

/** Where a hub listens, as `label: address` lines. */
export function addressFields({ ports }: Pick<HubInfo, 'ports'>): [label: string, value: string][] {
  return portTitles.flatMap(([title, name, scheme]): [string, string][] => {
    const port = ports[name];
    return port === null ? [] : [[title, `${scheme}://localhost:${port}`]];
  });
}

/** A hub that has just started. The connection string is a secret and only there when it was asked for. */
export function startedHubView(showSecrets: boolean): DocumentView<HubInfo & { readonly logFile?: string }> {
  return {
    fields: (info) => [
      ['Host name', info.hostName, 'accent'],
      ...addressFields(info),
      ['Data', info.dataDir],
      ['CA file', info.caFile],
      ['Process', info.pid],
      ...(info.logFile === undefined ? [] : [['Log', info.logFile] as const]),
      ...(showSecrets ? [['Connection string', info.connectionString, 'warn'] as const] : []),
    ],
    json: ({ connectionString, ...info }) => (showSecrets ? { ...info, connectionString } : info),
    name: (info) => info.hostName,
  };
}
