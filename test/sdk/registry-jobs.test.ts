import { createRequire } from 'node:module';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type * as BlobSdk from '@azure/storage-blob';
import type { Registry } from 'azure-iothub';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { containerGrantsPath, type ContainerGrant } from '../../src/protocol/container-grant.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const { ContainerClient } = createRequire(import.meta.url)('@azure/storage-blob') as typeof BlobSdk;
const proof = { capability: 'registry: import and export', transport: 'HTTPS', authentication: 'policy' } as const;

describe('the registry through blobs', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  sdkTest(proof, 'export, delete, import', async () => {
    const { registry } = hub;
    for (let index = 0; index < 5; index++) await hub.createDevice(`job-${index}`);
    await registry.addModule({ deviceId: 'job-0', moduleId: 'camera' });
    const { responseBody: before } = await registry.get('job-3');
    const address = await containerAddress(hub, 'fleet');
    const exported = await finished(registry, await jobIdOf(registry.exportDevicesToBlob(address, false)));
    expect(exported).toMatchObject({ type: 'export', status: 'completed' });

    const container = new ContainerClient(address);
    const names = [];
    for await (const blob of container.listBlobsFlat()) names.push(blob.name);
    expect(names).toEqual(['devices.txt']);
    const blob = container.getBlockBlobClient('devices.txt');
    expect(await blob.exists()).toBe(true);
    const lines = (await blob.downloadToBuffer()).toString().trim().split('\n');
    expect(lines).toHaveLength(6);

    await registry.removeDevices(
      Array.from({ length: 5 }, (_, index) => ({ deviceId: `job-${index}` })),
      true,
    );
    const imported = await finished(registry, await jobIdOf(registry.importDevicesFromBlob(address, address)));
    expect(imported).toMatchObject({ type: 'import', status: 'completed' });
    const { responseBody: after } = await registry.get('job-3');
    expect(after.authentication).toEqual(before.authentication);
    expect((await registry.getModulesOnDevice('job-0')).responseBody).toHaveLength(1);
    expect((await registry.listJobs()).responseBody).toHaveLength(2);
    await blob.delete();
    expect(await blob.exists()).toBe(false);
  });

  sdkTest(proof, 'a container that cannot be used is refused at once', async () => {
    const address = (await containerAddress(hub, 'fleet')).replace('sp=rcwdl', 'sp=rcwd');
    await expect(hub.registry.exportDevicesToBlob(address, true)).rejects.toMatchObject({ name: 'ArgumentError' });
    await expect(hub.registry.getJob('nobody')).rejects.toThrow();
  });
});

type Job = { jobId: string; type: string; status: string };

/** The SDK's declaration has no `jobId`, its answer has. */
async function jobIdOf(started: Promise<unknown>): Promise<string> {
  return ((await started) as Job).jobId;
}

async function finished(registry: Registry, jobId: string): Promise<Job> {
  let job: Job | undefined;
  await expect
    .poll(
      async () => {
        job = (await registry.getJob(jobId)) as unknown as Job;
        return job.status;
      },
      { timeout: 10_000 },
    )
    .toMatch(/completed|failed/);
  return job!;
}

/** An address of one of the hub's own containers, which it gives out over its extension. */
async function containerAddress({ info, hostName }: SdkHub, container: string): Promise<string> {
  const { sharedAccessKeyName, sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const expiresAt = Date.now() / 1_000 + 60;
  const token = createSasToken({ resource: hostName, key: sharedAccessKey, keyName: sharedAccessKeyName, expiresAt });
  const asking = request(`https://${hostName}${containerGrantsPath}/${container}`, {
    method: 'POST',
    headers: { authorization: token },
  });
  const [answer] = (await once(asking.end(), 'response')) as [IncomingMessage];
  return (JSON.parse(await text(answer)) as ContainerGrant).uri;
}
