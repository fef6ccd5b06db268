import type { Connection } from '../../config/index.ts';
import type { HubInfo } from '../../hub/index.ts';
import { parseConnectionString } from '../../protocol/connection-string.ts';

/** Name of the profile that `hub start` keeps. */
export const localProfileName = 'local';

/** How the commands of this machine reach a hub that runs on it: with TLS where it listens for that. */
export function connectionOfHub(info: HubInfo): Connection {
  const { sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const serviceUrl = addressOf(info, 'https', 'https') ?? addressOf(info, 'http', 'http');
  const deviceUrl = addressOf(info, 'mqtts', 'mqtts') ?? addressOf(info, 'mqtt', 'mqtt');
  return {
    name: localProfileName,
    kind: 'local',
    hostName: info.hostName,
    sharedAccessKeyName,
    sharedAccessKey,
    ...(serviceUrl === undefined ? {} : { serviceUrl }),
    ...(deviceUrl === undefined ? {} : { deviceUrl }),
    caFile: info.caFile,
    source: 'profile',
  };
}

/** The certificate is for localhost too, and that name needs no name server. */
function addressOf(info: HubInfo, port: keyof HubInfo['ports'], scheme: string): string | undefined {
  const number = info.ports[port];
  return number === null ? undefined : `${scheme}://localhost:${number}`;
}
