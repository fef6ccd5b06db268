import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectDevice, parseEndpoint, type DeviceConnection } from '../../../../src/device/index.ts';
import type { HubInfo } from '../../../../src/hub/index.ts';
import { parseConnectionString } from '../../../../src/protocol/connection-string.ts';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { realClock } from '../../../support/real-clock.ts';
import { createSandbox, type Sandbox } from '../../harness/sandbox.ts';

export const freePorts = [
  '--mqtt-port',
  '0',
  '--mqtts-port',
  '0',
  '--amqp-port',
  '0',
  '--amqps-port',
  '0',
  '--http-port',
  '0',
  '--https-port',
  '0',
] as const;

/** A home with a hub that the program itself started in the background. */
export interface HubBox {
  readonly box: Sandbox;
  readonly info: HubInfo;
  /** A request to the hub's HTTP port as the owner of the hub, or with another token. */
  request(method: string, path: string, options?: { body?: unknown; authorization?: string }): Promise<Response>;
  /** Registers a device and connects it over MQTT; it is closed with the box. */
  device(deviceId: string): Promise<DeviceConnection>;
  close(): Promise<void>;
}

export async function startHubBox(env: Readonly<Record<string, string>> = {}): Promise<HubBox> {
  const box = await createSandbox();
  const started = await box.run(['hub', 'start', '--detach', ...freePorts], { env });
  if (started.code !== 0) throw new Error(`no hub: ${started.stderr}`);
  const info = JSON.parse(await readFile(join(box.directory, 'data/hub/hub.json'), 'utf8')) as HubInfo;
  const open: DeviceConnection[] = [];
  const request: HubBox['request'] = (method, path, { body, authorization = ownerToken(info) } = {}) =>
    fetch(`http://127.0.0.1:${info.ports.http}${path}${path.includes('?') ? '&' : '?'}api-version=2021-04-12`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    box,
    info,
    request,
    async device(deviceId) {
      const key = randomBytes(32).toString('base64');
      const symmetricKey = { primaryKey: key, secondaryKey: key };
      const answer = await request('PUT', `/devices/${encodeURIComponent(deviceId)}`, {
        body: { deviceId, authentication: { type: 'sas', symmetricKey } },
      });
      if (!answer.ok) throw new Error(`cannot register ${deviceId}: ${answer.status} ${await answer.text()}`);
      const device = await connectDevice({
        credentials: { hostName: info.hostName, deviceId, sharedAccessKey: key },
        endpoint: parseEndpoint(`mqtt://127.0.0.1:${info.ports.mqtt}`),
        clock: realClock,
        random: () => 0,
      });
      open.push(device);
      return device;
    },
    async close() {
      for (const device of open) await device.close();
      await box.run(['hub', 'stop']);
      await box.remove();
    },
  };
}

/** A token with every right, of this age or rather youth in seconds. */
export function ownerToken(info: HubInfo, secondsToLive = 600): string {
  const { sharedAccessKeyName, sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  return createSasToken({
    resource: info.hostName,
    key: sharedAccessKey,
    ...(sharedAccessKeyName === undefined ? {} : { keyName: sharedAccessKeyName }),
    expiresAt: Math.floor(Date.now() / 1_000) + secondsToLive,
  });
}
