import { addressesOfPorts, type KeyConnection } from '../../config/index.ts';
import type { HubInfo } from '../../hub/index.ts';
import { parseConnectionString } from '../../protocol/connection-string.ts';

/** Name of the profile that `hub start` keeps. */
export const localProfileName = 'local';

/** How the commands of this machine reach a hub that runs on it. */
export function connectionOfHub(info: HubInfo): KeyConnection {
  const { sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  return {
    name: localProfileName,
    kind: 'local',
    auth: 'key',
    hostName: info.hostName,
    sharedAccessKeyName,
    sharedAccessKey,
    ...addressesOfPorts(info.ports),
    caFile: info.caFile,
    source: 'profile',
  };
}
