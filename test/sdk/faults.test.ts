import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRequire } from 'node:module';
import type * as DeviceSdk from 'azure-iot-device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseConnectionString } from '../../src/protocol/connection-string.ts';
import { faultsPath, type FaultRequest } from '../../src/protocol/faults.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import { allTransports, connectedTransports, deviceClient } from './device-clients.ts';
import { openSdkHub, type SdkHub } from './sdk-hub.ts';
import { sdkTest } from './sdk-test.ts';

const { Message } = createRequire(import.meta.url)('azure-iot-device') as typeof DeviceSdk;

describe('faults on purpose', () => {
  let hub: SdkHub;
  beforeAll(async () => {
    hub = await openSdkHub();
  });
  afterAll(() => hub?.close());

  async function ask(method: 'POST' | 'DELETE', fault?: Partial<FaultRequest>): Promise<void> {
    const { sharedAccessKey = '', sharedAccessKeyName } = parseConnectionString(hub.info.connectionString);
    const authorization = createSasToken({
      resource: hub.hostName,
      key: sharedAccessKey,
      keyName: sharedAccessKeyName,
      expiresAt: Math.ceil(Date.now() / 1_000) + 600,
    });
    const sent = request({
      host: hub.hostName,
      method,
      path: faultsPath,
      headers: { authorization },
      ca: await readFile(hub.info.caFile),
    });
    sent.end(fault === undefined ? undefined : JSON.stringify(fault));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await text(answer);
    if (answer.statusCode !== 200) throw new Error(body);
  }

  for (const transport of allTransports) {
    const proof = { capability: 'faults an operator adds', transport, authentication: 'key' } as const;

    sdkTest(proof, 'a device that is refused gets in when the fault is over', async () => {
      const id = `refused-${transport.toLowerCase()}`;
      const connectionString = await hub.createDevice(id);
      await ask('POST', { kind: 'refuse', device: id });
      const refused = await deviceClient(transport, connectionString);
      await expect(refused.open().then(() => refused.sendEvent(new Message('1')))).rejects.toThrow();
      await ask('DELETE');
      const welcome = await deviceClient(transport, connectionString);
      await welcome.open();
      await welcome.sendEvent(new Message('2'));
      await welcome.close();
    });

    sdkTest(proof, 'telemetry that is delayed arrives late', async () => {
      const id = `late-${transport.toLowerCase()}`;
      const client = await deviceClient(transport, await hub.createDevice(id));
      await client.open();
      await ask('POST', { kind: 'delay', device: id, delayMs: 400 });
      const begun = performance.now();
      await client.sendEvent(new Message('1'));
      expect(performance.now() - begun).toBeGreaterThanOrEqual(390);
      await ask('DELETE');
      await client.close();
    });
  }

  for (const transport of connectedTransports) {
    const proof = { capability: 'faults an operator adds', transport, authentication: 'key' } as const;
    sdkTest(proof, 'the connection is cut at the next message', async () => {
      const id = `cut-${transport.toLowerCase()}`;
      const client = await deviceClient(transport, await hub.createDevice(id));
      await client.open();
      const cut = new Promise<void>((resolve) => void client.on('disconnect', () => resolve()));
      await ask('POST', { kind: 'disconnect', device: id });
      const sent = client.sendEvent(new Message('1')).catch(() => undefined);
      await cut;
      await ask('DELETE');
      await Promise.race([sent, Promise.resolve()]);
      await client.close().catch(() => undefined);
    });
  }
});
