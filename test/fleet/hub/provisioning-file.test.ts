import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProvisioningOptions } from '../../../src/fleet/hub/provisioning-file.ts';
import type { JsonValue } from '../../../src/std/json.ts';

const text = 'HostName=west.example;SharedAccessKeyName=iothubowner;SharedAccessKey=QUJD';

describe('the file of hub start --provisioning', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-provisioning-'));
    await writeFile(join(directory, 'west.txt'), `${text}\n`);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('names hubs by files beside it, and latencies', async () => {
    const latencies = [{ network: '10.0.0.0/8', milliseconds: { localhost: 1, 'west.example': 30 } }];
    expect(
      await readProvisioningOptions({ hubs: [{ connectionStringFile: 'west.txt', weight: 2 }], latencies }, directory),
    ).toEqual({
      hubs: [{ hostName: 'west.example', sharedAccessKeyName: 'iothubowner', sharedAccessKey: 'QUJD', weight: 2 }],
      latencies,
    });
  });

  it.each([
    [[], 'an object'],
    [{ hub: [] }, 'hub is not known'],
    [{ hubs: [{}] }, 'connectionStringFile'],
    [{ hubs: [{ connectionString: text, weight: 0 }] }, 'weight'],
    [{ hubs: [{ connectionString: text, serviceUrl: 'x' }] }, 'serviceUrl'],
    [{ latencies: [{ milliseconds: { a: 'b' } }] }, 'milliseconds'],
  ])('refuses %j', async (value, part) => {
    await expect(readProvisioningOptions(value as JsonValue, directory)).rejects.toThrow(part);
  });

  it('never repeats a connection string', async () => {
    const secret = text.replace('HostName', 'Host');
    await expect(readProvisioningOptions({ hubs: [{ connectionString: secret }] }, directory)).rejects.not.toThrow(
      'QUJD',
    );
  });
});
