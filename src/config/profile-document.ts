/** The stored form of a profile and of the settings, checked by hand: a schema library would cost every command its start-up time. */
import { Failure } from '../errors/index.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import type { Profile } from './profile.ts';

/** Where the secret of a profile lies. The id changes with every save, so that a reader never pairs a profile with another's key. */
export interface SecretReference {
  readonly place: 'keychain' | 'file';
  readonly id: string;
}

export interface StoredProfile {
  readonly profile: Profile;
  readonly secret: SecretReference;
}

const documentVersion = 1;
const textMembers = ['serviceUrl', 'deviceUrl', 'caFile'] as const;

/** Says what is wrong with a profile's name, undefined when nothing is. Names become file names. */
export function profileNameProblem(name: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return undefined;
  return `"${name}" is no profile name: 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit`;
}

export function formatProfile(stored: StoredProfile): JsonObject {
  const { profile, secret } = stored;
  const document: JsonObject = {
    version: documentVersion,
    kind: profile.kind,
    hostName: profile.hostName,
    sharedAccessKeyName: profile.sharedAccessKeyName,
  };
  for (const member of textMembers) {
    const value = profile[member];
    if (value !== undefined) document[member] = value;
  }
  if (profile.protected === true) document['protected'] = true;
  document['secret'] = { place: secret.place, id: secret.id };
  return document;
}

/** Reads a stored profile. Failure `invalid-config` names the file and the member. */
export function parseProfile(text: string, name: string, path: string): StoredProfile {
  const document = parseDocument(text, path);
  const { kind, hostName, sharedAccessKeyName, secret } = document;
  if (kind !== 'local' && kind !== 'cloud') throw invalid(path, '"kind" must be "local" or "cloud"');
  if (typeof hostName !== 'string' || hostName === '') throw invalid(path, '"hostName" is missing');
  if (typeof sharedAccessKeyName !== 'string' || sharedAccessKeyName === '')
    throw invalid(path, '"sharedAccessKeyName" is missing');
  if (!isJsonObject(secret)) throw invalid(path, '"secret" is missing');
  const { place, id } = secret;
  if (place !== 'keychain' && place !== 'file') throw invalid(path, '"secret.place" must be "keychain" or "file"');
  if (typeof id !== 'string' || !/^[0-9a-f]{8,64}$/.test(id)) throw invalid(path, '"secret.id" is not valid');
  const optional: { serviceUrl?: string; deviceUrl?: string; caFile?: string; protected?: boolean } = {};
  for (const member of textMembers) {
    const value = document[member];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalid(path, `"${member}" must be a text`);
    optional[member] = value;
  }
  if (document['protected'] === true) optional.protected = true;
  return { profile: { name, kind, hostName, sharedAccessKeyName, ...optional }, secret: { place, id } };
}

/** The selected profile's name in the settings document, undefined when none is. */
export function parseSettings(text: string, path: string): { readonly selectedProfile?: string } {
  const { selectedProfile } = parseDocument(text, path);
  if (selectedProfile === undefined || selectedProfile === null) return {};
  if (typeof selectedProfile !== 'string') throw invalid(path, '"selectedProfile" must be a text');
  return { selectedProfile };
}

function parseDocument(text: string, path: string): JsonObject {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid(path, 'it is not valid JSON', error);
  }
  if (!isJsonObject(document)) throw invalid(path, 'it must hold a JSON object');
  const version = document['version'];
  if (typeof version === 'number' && version > documentVersion)
    throw invalid(path, `it was written by a newer iotctl (version ${version})`);
  return document;
}

function invalid(path: string, problem: string, cause?: unknown): Failure {
  return new Failure('invalid-config', `${path} cannot be used: ${problem}`, {
    hint: 'correct the file, or move it away; it was left as it is',
    details: { file: path },
    cause,
  });
}
