import { HubError } from '../../../protocol/hub-errors.ts';
import { bulkLimit, type KeyRegeneration, type RotatedKeys } from '../../../protocol/identity.ts';
import { identityNames, identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import { generateKey } from '../keys.ts';
import type { DeviceRecord } from '../ports.ts';
import { pathOf } from '../records.ts';
import { fieldsOf, stringField, wordField } from '../untrusted.ts';
import { endSessionAfter } from './end-session.ts';
import { checkIds } from './identity-body.ts';
import type { RegistryParts } from './parts.ts';
import { registryNotFound } from './preconditions.ts';

const policyKeys = ['primaryKey', 'secondaryKey', 'both'] as const;
type PolicyKey = (typeof policyKeys)[number];

/**
 * New keys for many identities; each stands alone. Source: service.md §2.8, where the answer's members are assumed.
 * Failures of the request as a whole: ArgumentInvalid, InvalidPolicyKey.
 */
export function createKeyRegeneration(parts: RegistryParts): (body: unknown) => Promise<KeyRegeneration> {
  async function renew(identity: IdentityPath, policyKey: PolicyKey): Promise<RotatedKeys> {
    const { after } = await parts.records.change(
      identity,
      (before) => {
        if (before === undefined) throw registryNotFound(identity);
        const write = withNewKeys(before, policyKey);
        return { write, result: { before, after: write } };
      },
      (written) => endSessionAfter(parts, written.before, written.after),
    );
    const { deviceId, moduleId } = after;
    const { primaryKey, secondaryKey } = after;
    return { id: deviceId, ...(moduleId === '' ? {} : { moduleId }), primaryKey, secondaryKey };
  }

  return async (body) => {
    const { policyKey, identities } = readRequest(body);
    const rotatedKeys: RotatedKeys[] = [];
    const errors: KeyRegeneration['errors'] = [];
    for (const identity of identities) {
      try {
        rotatedKeys.push(await renew(identity, policyKey));
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        const { deviceId, moduleId } = identityNames(identity);
        const named = moduleId === '' ? { deviceId } : { deviceId, moduleId };
        errors.push({ ...named, errorCode: error.symbol, errorStatus: error.message });
      }
    }
    return { policyKey, isSuccessful: errors.length === 0, errors, rotatedKeys };
  };
}

function withNewKeys(before: DeviceRecord, policyKey: PolicyKey): DeviceRecord {
  if (before.authType !== 'sas')
    throw new HubError('InvalidOperation', `'${pathOf(before)}' does not authenticate with keys.`);
  return {
    ...before,
    primaryKey: policyKey === 'secondaryKey' ? before.primaryKey : generateKey(),
    secondaryKey: policyKey === 'primaryKey' ? before.secondaryKey : generateKey(),
    revision: before.revision + 1,
    identityCounter: before.identityCounter + 1,
  };
}

function readRequest(body: unknown): { policyKey: PolicyKey; identities: readonly IdentityPath[] } {
  const fields = fieldsOf(body, 'The body');
  const devices = fields.get('devices');
  if (!Array.isArray(devices) || devices.length === 0 || devices.length > bulkLimit)
    throw new HubError('ArgumentInvalid', `devices must be a list of 1 to ${bulkLimit} identities.`);
  const identities = devices.map((device) => {
    const names = fieldsOf(device, 'A device');
    const deviceId = stringField(names, 'id') ?? '';
    const moduleId = stringField(names, 'moduleId') ?? '';
    checkIds({ deviceId, moduleId });
    return identityPath(deviceId, moduleId);
  });
  return { policyKey: readPolicyKey(fields), identities };
}

function readPolicyKey(fields: ReturnType<typeof fieldsOf>): PolicyKey {
  try {
    const policyKey = wordField(fields, 'policyKey', policyKeys);
    if (policyKey !== undefined) return policyKey;
  } catch {
    // Whatever else it is, it is no key.
  }
  throw new HubError('InvalidPolicyKey', `policyKey must be one of ${policyKeys.join(', ')}.`);
}
