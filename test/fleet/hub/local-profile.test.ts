import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openProfileStore, type ProfileStore } from '../../../src/config/index.ts';
import { keepLocalProfile } from '../../../src/fleet/hub/index.ts';
import type { HubInfo } from '../../../src/hub/index.ts';
import { realClock } from '../../support/real-clock.ts';

function hub(more: Partial<HubInfo> = {}): HubInfo {
  return {
    hostName: 'localhost',
    ports: { mqtt: 1883, mqtts: 8883, amqp: 5672, amqps: 5671, http: 8080, https: 8443, operations: null },
    connectionString: 'HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=QUJD',
    eventHubConnectionString:
      'Endpoint=sb://localhost:5672;SharedAccessKeyName=service;SharedAccessKey=U1ZD;EntityPath=hub;UseDevelopmentEmulator=true',
    dps: {
      endpoint: 'hub.local',
      idScope: '0ne00000001',
      connectionString: 'HostName=hub.local;SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=UVJT',
    },
    caFile: '/data/one/tls/ca.pem',
    dataDir: '/data/one',
    pid: 1,
    ...more,
  };
}

describe('the profile of the hub on this machine', () => {
  let directory = '';
  let store: ProfileStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-profile-'));
    store = openProfileStore({ directory, clock: realClock, keychain: 'off' });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made and selected at the first start, and left as it is at the next', async () => {
    expect(await keepLocalProfile(store, hub())).toEqual({ name: 'local', outcome: 'created', selected: true });
    expect(await store.connect('local')).toMatchObject({
      serviceUrl: 'https://127.0.0.1:8443',
      sharedAccessKey: 'QUJD',
    });
    expect(await keepLocalProfile(store, hub())).toEqual({ name: 'local', outcome: 'unchanged', selected: false });
  });

  it('when another profile is selected, then that stays', async () => {
    await store.save(
      { name: 'work', kind: 'cloud', auth: 'key', hostName: 'w.azure-devices.net', sharedAccessKeyName: 'o' },
      'QUJD',
    );
    await store.select('work');
    expect(await keepLocalProfile(store, hub())).toMatchObject({ outcome: 'created', selected: false });
    expect(await store.selected()).toBe('work');
  });

  it('when ports or the key changed, then it follows, and stays protected', async () => {
    await keepLocalProfile(store, hub());
    await store.save({ ...(await store.get('local')), protected: true }, 'QUJD', { replace: true });
    const moved = hub({
      ports: { mqtt: 1, mqtts: 2, amqp: 5, amqps: 6, http: 3, https: 4, operations: null },
      connectionString: 'HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=REVG',
    });
    expect(await keepLocalProfile(store, moved)).toMatchObject({ outcome: 'updated' });
    expect(await store.connect('local')).toMatchObject({
      serviceUrl: 'https://127.0.0.1:4',
      deviceUrl: 'mqtts://localhost:2',
      sharedAccessKey: 'REVG',
      protected: true,
    });
  });

  it('when it belongs to a hub with other data, then it is left alone', async () => {
    await keepLocalProfile(store, hub());
    const other = hub({
      dataDir: '/data/one-more',
      caFile: '/data/one-more/tls/ca.pem',
      ports: { mqtt: 1, mqtts: 2, amqp: 5, amqps: 6, http: 3, https: 4, operations: null },
    });
    expect(await keepLocalProfile(store, other)).toMatchObject({ outcome: 'foreign', selected: false });
    expect(await store.connect('local')).toMatchObject({ serviceUrl: 'https://127.0.0.1:8443' });
  });
});
