import { createRequire } from 'node:module';
import type * as ServiceSdk from 'azure-iothub';
import type { Client } from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { connectedTransports, deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const { JobClient } = createRequire(import.meta.url)('azure-iothub') as typeof ServiceSdk;
const proof = { capability: 'jobs', transport: 'HTTPS', authentication: 'policy' } as const;

describe('the job client of the service SDK', () => {
  let hub: SdkHub;
  let jobs: ServiceSdk.JobClient;
  const devices: Client[] = [];

  beforeAll(async () => {
    hub = await openSdkHub();
    jobs = JobClient.fromConnectionString(hub.info.connectionString);
    for (const transport of connectedTransports) {
      const id = `job-${transport.toLowerCase()}`;
      const client = await deviceClient(transport, await hub.createDevice(id));
      client.onDeviceMethod('reboot', (request, response) => void response.send(200, { got: request.payload }));
      await client.open();
      devices.push(client);
    }
    await hub.createDevice('job-away');
  });

  afterAll(async () => {
    for (const device of devices) await device.close();
    await hub?.close();
  });

  async function ended(jobId: string): Promise<Record<string, unknown>> {
    for (;;) {
      const { jobStatus } = await jobs.getJob(jobId);
      if (['completed', 'failed', 'cancelled'].includes(jobStatus.status)) return jobStatus;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    const query = hub.registry.createQuery(sql, 2);
    const found: Record<string, unknown>[] = [];
    while (query.hasMoreResults) {
      // Without its argument the promise form asks for the first page again and again.
      const { result } = await query.next(query.continuationToken);
      found.push(...result);
    }
    return found;
  }

  sdkTest(proof, 'a twin update of every device', async () => {
    const patch = { etag: '*', tags: { wave: 1 }, properties: { desired: { interval: 5 } } };
    const { jobStatus } = await jobs.scheduleTwinUpdate('twins-1', '*', patch, new Date(), 300);
    expect(jobStatus).toMatchObject({ jobId: 'twins-1', type: 'scheduleUpdateTwin', status: 'queued' });
    expect(await ended('twins-1')).toMatchObject({
      status: 'completed',
      deviceJobStatistics: { deviceCount: 5, succeededCount: 5, failedCount: 0 },
    });
    const { responseBody } = await hub.registry.getTwin('job-away');
    expect(responseBody).toMatchObject({ tags: { wave: 1 }, properties: { desired: { interval: 5 } } });
    expect(await rows("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'twins-1'")).toHaveLength(5);
  });

  sdkTest(proof, 'a method on devices of every protocol, one of them away', async () => {
    const method = { methodName: 'reboot', payload: { delay: 1 }, responseTimeoutInSeconds: 10 };
    await jobs.scheduleDeviceMethod('methods-1', "STARTSWITH(deviceId, 'job-')", method, new Date(), 300);
    expect(await ended('methods-1')).toMatchObject({
      status: 'completed',
      deviceJobStatistics: { deviceCount: 5, succeededCount: 4, failedCount: 1 },
    });
    const done = await rows(
      "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'methods-1' AND devices.jobs.status = 'completed'",
    );
    expect(done).toHaveLength(4);
    for (const row of done) {
      expect(row).toMatchObject({
        jobType: 'scheduleDeviceMethod',
        outcome: { deviceMethodResponse: { status: 200, payload: { got: { delay: 1 } } } },
      });
    }
  });

  sdkTest(proof, 'cancel before it begins, and page through the list', async () => {
    const start = new Date(Date.now() + 3_600_000);
    for (const id of ['later-1', 'later-2', 'later-3'])
      await jobs.scheduleTwinUpdate(id, '*', { tags: { x: 1 } }, start);
    const { jobStatus } = await jobs.cancelJob('later-1');
    expect(jobStatus).toMatchObject({ status: 'cancelled' });
    await expect(jobs.cancelJob('later-1')).rejects.toThrow();
    const query = jobs.createQuery('scheduleUpdateTwin', 'scheduled', 1);
    const found: string[] = [];
    while (query.hasMoreResults) {
      const { result } = await query.next(query.continuationToken);
      found.push(...result.map((job: { jobId: string }) => job.jobId));
    }
    expect(found).toEqual(['later-2', 'later-3']);
  });

  sdkTest(proof, 'an id twice is refused, an unknown one is told as unknown', async () => {
    await jobs.scheduleTwinUpdate('twice', '*', { tags: { x: 1 } });
    await expect(jobs.scheduleTwinUpdate('twice', '*', { tags: { x: 1 } })).rejects.toMatchObject({
      name: 'DeviceAlreadyExistsError',
    });
    expect((await jobs.getJob('nobody')).jobStatus).toMatchObject({ status: 'unknown', type: 'unknown' });
  });
});
