/** What a back end does to devices, over REST and AMQP. */
import { randomBytes } from 'node:crypto';
import type { Sender } from 'rhea';
import { event, putToken, sendAndSettle } from '../../../support/amqp-front.ts';
import type { HttpAnswer, LiveHub } from './live-hub.ts';

export interface BackEnd {
  send(deviceId: string, body: string): Promise<string>;
  setDesired(deviceId: string, value: number): Promise<HttpAnswer>;
  call(deviceId: string): Promise<HttpAnswer>;
  disable(deviceId: string): Promise<HttpAnswer>;
  enable(deviceId: string): Promise<HttpAnswer>;
  remove(deviceId: string): Promise<HttpAnswer>;
  /** New keys, which the hub makes. */
  regenerateKeys(deviceId: string): Promise<HttpAnswer>;
  /** New keys, which the back end brings. */
  replaceKeys(deviceId: string): Promise<HttpAnswer>;
  close(): void;
}

export async function connectBackEnd(hub: LiveHub): Promise<BackEnd> {
  const connection = hub.amqp();
  const answer = await putToken(connection, hub.ownerToken());
  if (answer.status !== 200) throw new Error(`the owner is refused: ${String(answer.status)}`);
  const sender: Sender = connection.open_sender('/messages/devicebound');
  await event(sender, 'sendable');
  const request = (method: string, path: string, body?: unknown): Promise<HttpAnswer> =>
    hub.request(method, path, { token: hub.ownerToken(), body, headers: { 'if-match': '*' } });
  /** With the keys as they are. */
  const setStatus = async (deviceId: string, status: 'enabled' | 'disabled'): Promise<HttpAnswer> => {
    const present = JSON.parse((await request('GET', `/devices/${deviceId}`)).text) as Record<string, unknown>;
    return request('PUT', `/devices/${deviceId}`, { ...present, status });
  };
  return {
    send: async (deviceId, body) =>
      (await sendAndSettle(sender, { to: `/devices/${deviceId}/messages/devicebound`, body: Buffer.from(body) }))
        .outcome,
    setDesired: (deviceId, value) => request('PATCH', `/twins/${deviceId}`, { properties: { desired: { value } } }),
    call: (deviceId) => request('POST', `/twins/${deviceId}/methods`, { methodName: 'x', responseTimeoutInSeconds: 5 }),
    disable: (deviceId) => setStatus(deviceId, 'disabled'),
    enable: (deviceId) => setStatus(deviceId, 'enabled'),
    remove: (deviceId) => request('DELETE', `/devices/${deviceId}`),
    regenerateKeys: (deviceId) =>
      request('POST', '/devices/keys/regenerate', { policyKey: 'both', devices: [{ id: deviceId }] }),
    replaceKeys: (deviceId) =>
      request('PUT', `/devices/${deviceId}`, {
        deviceId,
        authentication: { type: 'sas', symmetricKey: { primaryKey: key(), secondaryKey: key() } },
      }),
    close: () => connection.close(),
  };
}

function key(): string {
  return randomBytes(32).toString('base64');
}
