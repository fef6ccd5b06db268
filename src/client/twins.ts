import type { Twin, TwinChange } from '../protocol/twin/document.ts';
import { ifMatch } from './devices.ts';
import { twinPath } from './identity-address.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';
import type { TwinStore } from './service-api.ts';

/** Twins over REST. Source: service.md §3. */
export function createTwinStore(client: ServiceClient): TwinStore {
  const write = async (
    method: 'PATCH' | 'PUT',
    deviceId: string,
    change: TwinChange,
    options: { etag?: string; signal?: AbortSignal } = {},
  ): Promise<Twin> => {
    const answer = await client.request({
      method,
      path: twinPath(deviceId),
      ...(options.etag !== undefined && { headers: { 'If-Match': ifMatch(options.etag) } }),
      body: change,
      action: `change the twin of ${deviceId}`,
      deviceId,
      signal: options.signal,
    });
    return parseAnswer(answer, isTwin, 'twin');
  };
  return {
    async get(deviceId, signal) {
      const answer = await client.request({
        method: 'GET',
        path: twinPath(deviceId),
        action: `read the twin of ${deviceId}`,
        deviceId,
        signal,
      });
      return parseAnswer(answer, isTwin, 'twin');
    },
    patch: async (deviceId, change, options) => write('PATCH', deviceId, change, options),
    replace: async (deviceId, change, options) => write('PUT', deviceId, change, options),
  };
}

function isTwin(value: object): value is Twin {
  return (
    'deviceId' in value && 'properties' in value && typeof value.properties === 'object' && value.properties !== null
  );
}
