/** A provisioning service over a core in memory, with devices that prove themselves. */
import { randomBytes } from 'node:crypto';
import type { ProvisioningSettings } from '../../../../src/hub/core/provisioning/provisioning.ts';
import type { HubDevice, LinkedHub } from '../../../../src/hub/core/provisioning/ports.ts';
import type { ProvisioningService, RegistrationCredentials } from '../../../../src/hub/core/provisioning/service.ts';
import { HubError } from '../../../../src/protocol/hub-errors.ts';
import { registrationPath, type RegistrationState } from '../../../../src/protocol/provisioning/index.ts';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import type { JsonValue } from '../../../../src/std/json.ts';
import { openCore, type CoreFixture } from '../../../support/core-fixture.ts';

export interface ProvisioningFixture {
  readonly core: CoreFixture;
  readonly service: ProvisioningService;
  readonly newKey: () => string;
  token(registrationId: string, key: string): Promise<RegistrationCredentials>;
  /** Registers and waits for the end. */
  register(credentials: RegistrationCredentials, body?: JsonValue): Promise<RegistrationState>;
  close(): Promise<void>;
}

export async function openProvisioning(settings: Partial<ProvisioningSettings> = {}): Promise<ProvisioningFixture> {
  const core = await openCore({ provisioning: { hubHostName: 'own.hub', ...settings } });
  const service = core.core.provisioning;
  return {
    core,
    service,
    newKey: () => randomBytes(32).toString('base64'),
    async token(registrationId, key) {
      const idScope = await service.idScope();
      const resource = registrationPath({ idScope, registrationId });
      const expiresAt = core.clock.now() / 1_000 + 3_600;
      return { idScope, registrationId, token: createSasToken({ resource, key, keyName: 'registration', expiresAt }) };
    },
    async register(credentials, body) {
      const { operation } = await service.devices.register({ ...credentials, body, remote: '10.0.0.1' });
      for (;;) {
        const answer = await service.devices.status(credentials, operation.operationId);
        if (answer.retryAfter === undefined) return answer.operation.registrationState as RegistrationState;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close: () => core.close(),
  };
}

/** A hub that keeps its devices in a map. */
export function mapHub(hostName: string, weight = 1): LinkedHub & { readonly devices: Map<string, HubDevice> } {
  const devices = new Map<string, HubDevice>();
  return {
    hostName,
    weight,
    devices,
    read: async (deviceId) => devices.get(deviceId),
    async create(device) {
      if (devices.has(device.deviceId)) throw new HubError('DeviceAlreadyExists', 'there');
      devices.set(device.deviceId, device);
    },
    async setCredential(deviceId, credential, iotEdge) {
      const device = devices.get(deviceId);
      if (device === undefined) throw new HubError('DeviceNotFound', 'not there');
      devices.set(deviceId, { ...device, credential, iotEdge });
    },
    async delete(deviceId) {
      devices.delete(deviceId);
    },
  };
}
