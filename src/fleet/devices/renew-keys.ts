import { randomBytes } from 'node:crypto';
import { Failure, isFailure } from '../../errors/index.ts';
import type { Authentication, SymmetricKeyPair } from '../../protocol/identity.ts';
import { identityNames, isModulePath, type IdentityPath } from '../../protocol/identity-path.ts';
import { pool } from '../../std/pool.ts';
import type { Hub } from '../ports.ts';
import { outcomeOf, type DeviceOutcome } from './outcome.ts';

/**
 * Which keys become new. `overlap`: the primary, and the old primary goes on as the secondary, so that a device that holds the
 * primary key is never locked out. `primary`, `secondary`: that one alone, which cuts whoever uses it. `both`: nobody's key is left.
 */
export type RenewMode = 'overlap' | 'primary' | 'secondary' | 'both';

/** What became of one identity; `keys` are its keys now. */
export interface RenewOutcome extends DeviceOutcome {
  readonly keys?: SymmetricKeyPair;
}

export interface RenewOptions {
  readonly mode: RenewMode;
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** How often an identity that was changed meanwhile is read again. Source: service.md §11.3-5. */
const rereads = 3;
const keyBytes = 32;

/** Gives devices and modules new keys, each with the etag that was read, so that nobody's change is lost. One outcome each. */
export function renewKeys(
  hub: Pick<Hub, 'devices' | 'modules'>,
  identities: Iterable<IdentityPath> | AsyncIterable<IdentityPath>,
  options: RenewOptions,
): AsyncGenerator<RenewOutcome, void, undefined> {
  return pool(identities, options.concurrency, (identity) => renewOne(hub, identity, options), options.signal);
}

async function renewOne(
  hub: Pick<Hub, 'devices' | 'modules'>,
  identity: IdentityPath,
  { mode, signal }: RenewOptions,
): Promise<RenewOutcome> {
  let keys: SymmetricKeyPair | undefined;
  const work = async (): Promise<'changed'> => {
    for (let attempt = 1; ; attempt++) {
      try {
        keys = await replaceKeys(hub, identity, mode, signal);
        return 'changed';
      } catch (error) {
        if (!isFailure(error, 'changed-meanwhile') || attempt >= rereads) throw error;
      }
    }
  };
  const outcome = await outcomeOf(identity, work, signal);
  return keys === undefined || outcome.result === 'failed' ? outcome : { ...outcome, keys };
}

async function replaceKeys(
  hub: Pick<Hub, 'devices' | 'modules'>,
  identity: IdentityPath,
  mode: RenewMode,
  signal: AbortSignal | undefined,
): Promise<SymmetricKeyPair> {
  // PUT replaces the whole identity: what is not sent back would be made anew (service.md §2.4).
  if (isModulePath(identity)) {
    const module = await hub.modules.get(identity, signal);
    const authentication = renewed(module.authentication, mode, identity);
    await hub.modules.put({ ...module, authentication }, { etag: module.etag, ...(signal && { signal }) });
    return authentication.symmetricKey;
  }
  const device = await hub.devices.get(identityNames(identity).deviceId, signal);
  const authentication = renewed(device.authentication, mode, identity);
  await hub.devices.put({ ...device, authentication }, { etag: device.etag, ...(signal && { signal }) });
  return authentication.symmetricKey;
}

function renewed(authentication: Authentication, mode: RenewMode, identity: IdentityPath): Authentication {
  const { type, symmetricKey } = authentication;
  if (type !== 'sas')
    throw new Failure('conflict', `${identity} authenticates with ${type}, so it has no keys to renew`);
  return { ...authentication, symmetricKey: newPair(symmetricKey, mode) };
}

function newPair({ primaryKey, secondaryKey }: SymmetricKeyPair, mode: RenewMode): SymmetricKeyPair {
  switch (mode) {
    case 'overlap':
      return { primaryKey: newKey(), secondaryKey: primaryKey };
    case 'primary':
      return { primaryKey: newKey(), secondaryKey };
    case 'secondary':
      return { primaryKey, secondaryKey: newKey() };
    case 'both':
      return { primaryKey: newKey(), secondaryKey: newKey() };
  }
}

function newKey(): string {
  return randomBytes(keyBytes).toString('base64');
}
