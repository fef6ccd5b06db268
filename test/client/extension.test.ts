import { describe, expect, test } from 'vitest';
import { readHubStatus } from '../../src/client/index.ts';
import { json, quickClock, refusal, scriptedHub } from './scripted-hub.ts';

const dependencies = { clock: quickClock(), random: () => 0.5 };
const status = { devices: {}, telemetry: {} };

describe("what only iotctl's own hub serves", () => {
  test('when the hub serves it, then it is as any request', async () => {
    await using hub = await scriptedHub(json(200, status));
    await expect(readHubStatus(hub.connection, dependencies)).resolves.toEqual(status);
  });

  test('when the profile is of a hub in the cloud, then it is not even asked', async () => {
    await using hub = await scriptedHub(json(200, status));
    await expect(readHubStatus({ ...hub.connection, kind: 'cloud' }, dependencies)).rejects.toMatchObject({
      code: 'unsupported',
      message: "test-hub does not serve a status; iotctl's own hub does",
      hint: 'iotctl doctor',
    });
    expect(hub.requests).toEqual([]);
  });

  test.each([
    ['a hub that imitates the cloud', refusal(404, 'NotFound', 'There is nothing at this address.')],
    ['a hub that says nothing', json(404, {})],
    ['a hub without the method', json(405, {})],
  ])('when %s has nothing there, then that is said', async (_, step) => {
    await using hub = await scriptedHub(step);
    await expect(readHubStatus(hub.connection, dependencies)).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('when a thing named in the request is missing, then that is the failure', async () => {
    await using hub = await scriptedHub(refusal(404, 'DeviceNotFound', 'no'));
    await expect(readHubStatus(hub.connection, dependencies)).rejects.toMatchObject({ code: 'device-not-found' });
  });
});
