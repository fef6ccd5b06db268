import { dirname, resolve, sep } from 'node:path';
import type { Connection, KeyProfile, Profile, ProfileStore } from '../../config/index.ts';
import { isFailure } from '../../errors/index.ts';
import type { HubInfo } from '../../hub/index.ts';
import { connectionOfHub, localProfileName } from './connection.ts';

/** What became of the profile `local`. `foreign`: it belongs to another hub, and was left alone. */
export interface LocalProfile {
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'foreign';
  /** True when it was selected now, because no profile was. */
  readonly selected: boolean;
}

/** Makes or updates the profile of the hub on this machine, and selects it when none is selected. */
export async function keepLocalProfile(store: ProfileStore, info: HubInfo): Promise<LocalProfile> {
  const { sharedAccessKey, source: _, ...profile } = connectionOfHub(info);
  const outcome = await saveProfile(store, profile, sharedAccessKey, info);
  const selected = outcome !== 'foreign' && (await store.selected()) === undefined;
  if (selected) await store.select(localProfileName);
  return { name: localProfileName, outcome, selected };
}

async function saveProfile(
  store: ProfileStore,
  profile: KeyProfile,
  sharedAccessKey: string,
  info: HubInfo,
): Promise<LocalProfile['outcome']> {
  const present = await connectIfThere(store);
  if (present === 'missing') {
    await store.save(profile, sharedAccessKey);
    return 'created';
  }
  if (present !== 'unreadable') {
    if (!belongsTo(present, info)) return 'foreign';
    if (isSame(present, profile, sharedAccessKey)) return 'unchanged';
  }
  const kept = present !== 'unreadable' && present.protected === true ? { protected: true } : {};
  await store.save({ ...profile, ...kept }, sharedAccessKey, { replace: true });
  return 'updated';
}

/** A profile whose key is gone is as good as unreadable: the hub knows the key. A file that cannot be read is not touched. */
async function connectIfThere(store: ProfileStore): Promise<Connection | 'missing' | 'unreadable'> {
  try {
    await store.get(localProfileName);
  } catch (error) {
    if (isFailure(error, 'profile-not-found')) return 'missing';
    throw error;
  }
  try {
    return await store.connect(localProfileName);
  } catch {
    return 'unreadable';
  }
}

/** A hub is known by the directory its certificate authority is kept in. */
function belongsTo(profile: Profile, info: HubInfo): boolean {
  if (profile.kind !== 'local' || profile.caFile === undefined) return false;
  return (
    dirname(resolve(profile.caFile)) === dirname(resolve(info.caFile)) ||
    resolve(profile.caFile).startsWith(resolve(info.dataDir) + sep)
  );
}

function isSame(present: Connection, wanted: KeyProfile, sharedAccessKey: string): boolean {
  if (present.auth !== 'key' || present.sharedAccessKey !== sharedAccessKey) return false;
  return (['hostName', 'sharedAccessKeyName', 'serviceUrl', 'deviceUrl', 'amqpUrl', 'caFile'] as const).every(
    (name) => present[name] === wanted[name],
  );
}
