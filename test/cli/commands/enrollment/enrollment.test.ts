import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import { run } from '../../../../src/cli/run.ts';
import type { Rooms } from '../../../../src/cli/rooms.ts';
import { connectHub, connectProvisioning } from '../../../../src/client/index.ts';
import { connectionOf } from '../../../../src/config/resolve-connection.ts';
import { parsePolicyConnectionString as parse } from '../../../../src/protocol/connection-string.ts';
import { startTestHub, type TestHub } from '../../../integration/test-hub.ts';
import { realClock } from '../../../support/real-clock.ts';
import { emptyRooms, fakeSystem, type FakeSystemOptions } from '../../support/fake-terminal.ts';

describe('the commands of enrollments', () => {
  let hub: TestHub;
  let directory: string;
  let rooms: Rooms;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-enrollment-'));
    hub = await startTestHub();
    const dependencies = { clock: realClock, random: () => 0 };
    rooms = {
      ...emptyRooms,
      resolveConnection: async ({ env }) => {
        const text = env['IOTCTL_CONNECTION_STRING'] ?? JSON.stringify(hub.info);
        return connectionOf(text, { env: {}, parse, name: 'test', source: 'profile' });
      },
      connectHub: async (connection) => connectHub(connection, dependencies),
      connectProvisioning: async (connection) => connectProvisioning(connection, dependencies),
    };
  });
  afterAll(async () => {
    await hub.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function type(words: string, more: Partial<FakeSystemOptions> = {}) {
    // A device's token is made of the time, and it waits between its questions.
    const system = { ...fakeSystem({ argv: words.split(' '), ...more }), clock: realClock };
    await run(system, rooms, commandTable);
    return { stdout: system.stdout.text, stderr: system.stderr.text, exitCode: system.exits[0] };
  }
  const json = async (words: string): Promise<unknown> => {
    const { stdout, stderr, exitCode } = await type(`${words} -o json`);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  it('take a device from its group to its hub', async () => {
    const applied = await json('enrollment apply --group-id trucks --tag site=north --desired interval=5');
    expect(applied).toMatchObject([{ kind: 'group', id: 'trucks', result: 'created' }]);
    expect(await json('enrollment explain truck-1')).toMatchObject({
      enrollment: { kind: 'group', id: 'trucks' },
      hub: 'localhost',
      deviceId: 'truck-1',
    });
    const hidden = await type('enrollment show trucks -o json');
    expect(hidden.stdout).not.toContain('primaryKey');
    const shown = (await json('enrollment show trucks --show-secrets')) as {
      attestation: { symmetricKey: { primaryKey: string } };
    };
    const keyFile = join(directory, 'trucks.key');
    await writeFile(keyFile, `${shown.attestation.symmetricKey.primaryKey}\n`);
    for (const transport of ['mqtt', 'mqtt-ws', 'https']) {
      const id = `truck-${transport}`;
      const out = join(directory, id);
      const ended = await type(
        `device register ${id} --group-key-file ${keyFile} --transport ${transport} --out ${out}`,
      );
      expect(ended.exitCode, ended.stderr).toBe(0);
      expect(ended.stdout).not.toContain('SharedAccessKey');
      expect(await readFile(out, 'utf8')).toMatch(
        new RegExp(`^HostName=localhost:\\d+;DeviceId=${id};SharedAccessKey=`),
      );
      expect((await stat(out)).mode & 0o777).toBe(0o600);
      expect((await hub.client.twins.get(id)).tags).toEqual({ site: 'north' });
    }
    const listed = await type('enrollment list --group -o name');
    expect(listed.stdout).toBe('trucks\n');
  });

  it('delete after a question, and forget a registration', async () => {
    await type('enrollment apply --registration-id pump-1');
    const asked = await type('enrollment delete pump-1 --no-input');
    expect(asked.exitCode).toBe(2);
    expect((await type('enrollment delete pump-1 --registration --yes')).exitCode).toBe(3);
    expect((await type('enrollment delete pump-1 --yes')).exitCode).toBe(0);
    expect((await type('enrollment show pump-1')).exitCode).toBe(3);
  });

  it('when a key is wrong, then exit 4, and nobody reads the key', async () => {
    const key = Buffer.alloc(32, 9).toString('base64');
    const ended = await type('device register nobody', { env: { IOTCTL_REGISTRATION_KEY: key } });
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain('enrollment explain nobody');
    expect(ended.stderr).not.toContain(key);
  });

  it('when it is no file and no flag, or both, then exit 2', async () => {
    expect((await type('enrollment apply')).exitCode).toBe(2);
    expect((await type('enrollment apply some.yaml --registration-id a')).stderr).toContain('--registration-id');
    expect((await type('enrollment apply --registration-id a --key-file x --certificate y')).exitCode).toBe(2);
    expect((await type('enrollment apply -', { stdin: 'a: [' })).stderr).toContain('neither YAML nor JSON');
  });

  it('when the hub is in the cloud and its provisioning service is not named, then that is said', async () => {
    const cloud = 'HostName=plant.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=QUJD';
    const ended = await type('enrollment list', { env: { IOTCTL_CONNECTION_STRING: cloud } });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain('--dps-connection-string-file');
  });

  it('when the provisioning service is named, then it is asked and not the hub', async () => {
    const service = 'HostName=plant.azure-devices-provisioning.net;SharedAccessKeyName=p;SharedAccessKey=QUJD';
    const ended = await type('enrollment explain a', { env: { IOTCTL_DPS_CONNECTION_STRING: service } });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain('plant.azure-devices-provisioning.net does not serve');
  });
});
