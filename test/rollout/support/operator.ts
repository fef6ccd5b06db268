import { connectHub, type Hub } from '../../../src/client/index.ts';
import type { HubInfo } from '../../../src/hub/index.ts';
import { parseConnectionString } from '../../../src/protocol/connection-string.ts';
import { realClock } from '../../support/real-clock.ts';

/** An operator's client of a hub that runs as its own process, over its HTTP port. */
export function operatorOf(info: HubInfo): Hub {
  const { hostName, sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  return connectHub(
    {
      name: 'test',
      kind: 'local',
      auth: 'key',
      hostName,
      sharedAccessKeyName,
      sharedAccessKey,
      serviceUrl: `http://127.0.0.1:${info.ports.http}`,
      source: 'profile',
    },
    { clock: realClock, random: Math.random },
  );
}
