import { isFailure } from '../errors/index.ts';
import type { BulkDevice, BulkResult, DeviceIdentity } from '../protocol/identity.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';
import type { DeviceRegistry } from './service-api.ts';

/** The identity registry over REST. Source: service.md §2. */
export function createDeviceRegistry(client: ServiceClient): DeviceRegistry {
  const get: DeviceRegistry['get'] = async (deviceId, signal) => {
    const answer = await client.request({
      method: 'GET',
      path: pathOf(deviceId),
      action: `read device ${deviceId}`,
      deviceId,
      signal,
    });
    return parseAnswer(answer, isDevice, 'device');
  };
  return {
    get,
    async put(device, { etag, signal } = {}) {
      const { deviceId } = device;
      const action = `${etag === undefined ? 'create' : 'change'} device ${deviceId}`;
      try {
        const answer = await client.request({
          method: 'PUT',
          path: pathOf(deviceId),
          ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
          body: device,
          action,
          deviceId,
          signal,
        });
        return parseAnswer(answer, isDevice, 'device');
      } catch (error) {
        // The first try may have made the device and its answer may have been lost: what is there decides (service.md §11.3-4).
        if (!isFailure(error, 'device-exists', 'changed-meanwhile') || error.details['afterLostReply'] !== true)
          throw error;
        const there = await get(deviceId, signal);
        const { matchesWhatWasSent } = await import('./lost-reply.ts');
        if (matchesWhatWasSent(device, there)) return there;
        throw error;
      }
    },
    async delete(deviceId, { etag = '*', signal } = {}) {
      try {
        await client.request({
          method: 'DELETE',
          path: pathOf(deviceId),
          headers: { 'If-Match': ifMatch(etag) },
          action: `delete device ${deviceId}`,
          deviceId,
          signal,
        });
      } catch (error) {
        if (isFailure(error, 'device-not-found') && error.details['afterLostReply'] === true) return;
        throw error;
      }
    },
    async bulk(devices, signal) {
      const answer = await client.request({
        method: 'POST',
        path: '/devices',
        body: devices,
        action: devices.length === 1 ? 'change 1 device' : `change ${devices.length} devices`,
        signal,
        // A partly failed bulk answers 400 with the same body (service.md §2.7).
        isResult: (response) => response.status === 400 && isBulkBody(response.body),
      });
      const result = parseAnswer(answer, isBulkResult, 'bulk result');
      return answer.afterLostReply ? withoutOwnCreates(devices, result, (id) => get(id, signal)) : result;
    },
  };
}

function pathOf(deviceId: string): string {
  return `/devices/${encodeURIComponent(deviceId)}`;
}

/** An etag as `If-Match` wants it. Source: service.md §0.3. */
export function ifMatch(etag: string): string {
  return etag === '*' || /^".*"$/.test(etag) ? etag : `"${etag}"`;
}

/** After a lost reply, devices that "exist already" as they were sent are this request's own. */
async function withoutOwnCreates(
  devices: readonly BulkDevice[],
  result: BulkResult,
  get: (deviceId: string) => Promise<DeviceIdentity>,
): Promise<BulkResult> {
  const { matchesWhatWasSent } = await import('./lost-reply.ts');
  const errors: BulkResult['errors'] = [];
  for (const error of result.errors) {
    const sent = devices.find(({ id }) => id === error.deviceId);
    const exists = error.errorCode === 'DeviceAlreadyExists' || error.errorCode === '409001';
    if (!exists || sent?.importMode !== 'create' || !matchesWhatWasSent(sent, await get(sent.id))) errors.push(error);
  }
  return { ...result, errors, isSuccessful: errors.length === 0 };
}

function isDevice(value: object): value is DeviceIdentity {
  return 'deviceId' in value && typeof value.deviceId === 'string';
}

function isBulkResult(value: object): value is BulkResult {
  return 'isSuccessful' in value && 'errors' in value && Array.isArray(value.errors);
}

function isBulkBody(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && isBulkResult(value);
  } catch {
    return false;
  }
}
