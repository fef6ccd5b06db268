/** The carried hub as one to assign devices to. */
import { HubError, hubErrors, type HubErrorSymbol } from '../../../protocol/hub-errors.ts';
import type { DeviceIdentity } from '../../../protocol/identity.ts';
import { contentOf } from '../../../protocol/twin/index.ts';
import type { RegistryService, TwinService } from '../services.ts';
import type { HubCredential, LinkedHub } from './ports.ts';

export interface LocalHubParts {
  readonly hostName: string;
  readonly registry: Pick<RegistryService, 'get' | 'put' | 'delete' | 'bulk'>;
  readonly twins: Pick<TwinService, 'get'>;
}

export function createLocalHub({ hostName, registry, twins }: LocalHubParts): LinkedHub {
  return {
    hostName,
    weight: 1,
    async read(deviceId) {
      const identity = await found(registry.get(deviceId));
      const twin = identity === undefined ? undefined : await found(twins.get(deviceId));
      if (identity === undefined || twin === undefined) return undefined;
      return {
        deviceId,
        credential: credentialOf(identity),
        iotEdge: identity.capabilities.iotEdge,
        tags: twin.tags,
        desired: contentOf(twin.properties.desired),
      };
    },
    async create({ deviceId, credential, iotEdge, tags, desired }) {
      const { errors } = await registry.bulk([
        {
          id: deviceId,
          importMode: 'create',
          status: 'enabled',
          authentication: authenticationOf(credential),
          capabilities: { iotEdge },
          tags,
          properties: { desired },
        },
      ]);
      const [error] = errors;
      if (error !== undefined) throw new HubError(symbolOf(error.errorCode), error.errorStatus);
    },
    async setCredential(deviceId, credential, iotEdge) {
      // What the device may do otherwise, its status above all, is not the enrollment's business.
      const { status, statusReason, deviceScope, parentScopes } = await registry.get(deviceId);
      const body = {
        deviceId,
        status,
        statusReason,
        authentication: authenticationOf(credential),
        capabilities: { iotEdge },
        ...(deviceScope !== undefined && { deviceScope }),
        ...(parentScopes !== undefined && { parentScopes }),
      };
      await registry.put(deviceId, body, '*');
    },
    async delete(deviceId) {
      await found(registry.delete(deviceId, '*'));
    },
  };
}

/** Authentication as identities have it, for this credential. */
export function authenticationOf(credential: HubCredential): Partial<DeviceIdentity['authentication']> {
  if (credential.type === 'sas') {
    const { type, primaryKey, secondaryKey } = credential;
    return { type, symmetricKey: { primaryKey, secondaryKey } };
  }
  const { type, primaryThumbprint, secondaryThumbprint } = credential;
  return { type, x509Thumbprint: { primaryThumbprint, secondaryThumbprint } };
}

export function credentialOf({ authentication }: DeviceIdentity): HubCredential | undefined {
  const { type, symmetricKey, x509Thumbprint } = authentication;
  if (type === 'sas' && symmetricKey.primaryKey !== null && symmetricKey.secondaryKey !== null)
    return { type, primaryKey: symmetricKey.primaryKey, secondaryKey: symmetricKey.secondaryKey };
  if (type === 'selfSigned' && x509Thumbprint.primaryThumbprint !== null)
    return {
      type,
      primaryThumbprint: x509Thumbprint.primaryThumbprint,
      secondaryThumbprint: x509Thumbprint.secondaryThumbprint,
    };
  return undefined;
}

async function found<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HubError && error.symbol === 'DeviceNotFound') return undefined;
    throw error;
  }
}

/** Bulk results name their errors by symbol, or by number. */
function symbolOf(code: string): HubErrorSymbol {
  for (const [symbol, number] of Object.entries(hubErrors))
    if (symbol === code || String(number) === code) return symbol as HubErrorSymbol;
  return 'ServerError';
}
