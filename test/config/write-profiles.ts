/** A process of its own that saves profiles: DIRECTORY NAME COUNT UMASK [SAME-NAME]. The key of each is its host name. */
import { openProfileStore } from '../../src/config/index.ts';
import { realClock } from '../support/real-clock.ts';

const [directory = '', name = '', count = '1', mask = '18', same] = process.argv.slice(2);
process.umask(Number(mask));
const store = openProfileStore({ directory, clock: realClock, keychain: 'off' });
for (let index = 0; index < Number(count); index++) {
  const hostName = `${name}-${index}.azure-devices.net`;
  const profile = {
    name: same ?? `${name}-${index}`,
    kind: 'cloud',
    auth: 'key',
    hostName,
    sharedAccessKeyName: 'service',
  } as const;
  await store.save(profile, Buffer.from(hostName).toString('base64'), { replace: true });
}
