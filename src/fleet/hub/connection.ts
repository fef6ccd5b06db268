import type { Connection } from '../../config/index.ts';
import type { HubInfo } from '../../hub/index.ts';
import { parseConnectionString } from '../../protocol/connection-string.ts';

/** Name of the profile that `hub start` keeps. */
export const localProfileName = 'local';

/** Not by its name: looking that up, and telling that it is no address, takes a short command 6 ms. */
const loopback = '127.0.0.1';

/** How the commands of this machine reach a hub that runs on it: with TLS where it listens for that. */
export function connectionOfHub(info: HubInfo): Connection {
  const { sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const serviceUrl = addressOf(info, 'https', loopback) ?? addressOf(info, 'http', loopback);
  const deviceUrl = addressOf(info, 'mqtts', 'localhost') ?? addressOf(info, 'mqtt', 'localhost');
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

/** The certificate is for localhost and its addresses too, and those need no name server. */
function addressOf(info: HubInfo, port: keyof HubInfo['ports'], host: string): string | undefined {
  const number = info.ports[port];
  return number === null ? undefined : `${port}://${host}:${number}`;
}
