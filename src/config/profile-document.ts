/** The stored form of a profile and of the settings, checked by hand: a schema library would cost every command its start-up time. */
import { Failure } from '../errors/index.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import { amqpWebSocketModes, credentialKinds, hubTiers, type HubAddress, type Profile } from './profile.ts';

/** Where the secret of a profile lies. The id changes with every save, so that a reader never pairs a profile with another's key. */
export interface SecretReference {
  readonly place: 'keychain' | 'file';
  readonly id: string;
}

export interface StoredProfile {
  readonly profile: Profile;
  /** Absent for a profile that needs none. */
  readonly secret: SecretReference | undefined;
  /** Of the storage URL; absent where there is none. */
  readonly storageSecret?: SecretReference | undefined;
}

const documentVersion = 1;
const textMembers = ['serviceUrl', 'deviceUrl', 'amqpUrl', 'caFile', 'consumerGroup'] as const;
const mostUnits = 10_000;

/** Says what is wrong with a profile's name, undefined when nothing is. Names become file names. */
export function profileNameProblem(name: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return undefined;
  return `"${name}" is no profile name: 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit`;
}

export function formatProfile(stored: StoredProfile): JsonObject {
  const { name: _, ...members } = stored.profile;
  const document: JsonObject = { version: documentVersion };
  for (const [member, value] of Object.entries(members)) if (value !== undefined) document[member] = value;
  if (stored.secret !== undefined) document['secret'] = { place: stored.secret.place, id: stored.secret.id };
  if (stored.storageSecret !== undefined)
    document['storageSecret'] = { place: stored.storageSecret.place, id: stored.storageSecret.id };
  return document;
}

/** Reads a stored profile; one without `auth` is older than Entra ID and has a key. Failure `invalid-config` names the file and the member. */
export function parseProfile(text: string, name: string, path: string): StoredProfile {
  const document = parseDocument(text, path);
  const { auth = 'key' } = document;
  const address = parseAddress(document, name, path);
  const secret = parseSecret(document, 'secret', path);
  const storageSecret = parseSecret(document, 'storageSecret', path);
  const secrets = { secret, ...(storageSecret !== undefined && { storageSecret }) };
  if (auth === 'entra') {
    const credential = oneOf(document, 'credential', credentialKinds, path) ?? 'default';
    const tenantId = textOf(document, 'tenantId', path);
    const clientId = textOf(document, 'clientId', path);
    const identity = { ...(tenantId !== undefined && { tenantId }), ...(clientId !== undefined && { clientId }) };
    return { profile: { ...address, auth, credential, ...identity }, ...secrets };
  }
  if (auth !== 'key') throw invalid(path, '"auth" must be "key" or "entra"');
  const { sharedAccessKeyName } = document;
  if (typeof sharedAccessKeyName !== 'string' || sharedAccessKeyName === '')
    throw invalid(path, '"sharedAccessKeyName" is missing');
  if (secret === undefined) throw invalid(path, '"secret" is missing');
  return { profile: { ...address, auth, sharedAccessKeyName }, ...secrets };
}

function parseAddress(document: JsonObject, name: string, path: string): HubAddress {
  const { kind, hostName, units } = document;
  if (kind !== 'local' && kind !== 'cloud') throw invalid(path, '"kind" must be "local" or "cloud"');
  if (typeof hostName !== 'string' || hostName === '') throw invalid(path, '"hostName" is missing');
  const optional: { -readonly [Member in (typeof textMembers)[number]]?: string } = {};
  for (const member of textMembers) {
    const value = textOf(document, member, path);
    if (value !== undefined) optional[member] = value;
  }
  const tier = oneOf(document, 'tier', hubTiers, path);
  const amqpWebSockets = oneOf(document, 'amqpWebSockets', amqpWebSocketModes, path);
  if (units !== undefined && !(Number.isInteger(units) && Number(units) >= 1 && Number(units) <= mostUnits))
    throw invalid(path, `"units" must be a whole number from 1 to ${mostUnits}`);
  return {
    name,
    kind,
    hostName,
    ...optional,
    ...(document['protected'] === true && { protected: true }),
    ...(tier !== undefined && { tier }),
    ...(units !== undefined && { units: Number(units) }),
    ...(amqpWebSockets !== undefined && { amqpWebSockets }),
  };
}

function parseSecret(
  document: JsonObject,
  member: 'secret' | 'storageSecret',
  path: string,
): SecretReference | undefined {
  const secret = document[member];
  if (secret === undefined) return undefined;
  if (!isJsonObject(secret)) throw invalid(path, `"${member}" must be an object`);
  const { place, id } = secret;
  if (place !== 'keychain' && place !== 'file') throw invalid(path, `"${member}.place" must be "keychain" or "file"`);
  if (typeof id !== 'string' || !/^[0-9a-f]{8,64}$/.test(id)) throw invalid(path, `"${member}.id" is not valid`);
  return { place, id };
}

function textOf(document: JsonObject, member: string, path: string): string | undefined {
  const value = document[member];
  if (value !== undefined && typeof value !== 'string') throw invalid(path, `"${member}" must be a text`);
  return value;
}

function oneOf<Word extends string>(
  document: JsonObject,
  member: string,
  words: readonly Word[],
  path: string,
): Word | undefined {
  const value = document[member];
  const found = words.find((word) => word === value);
  if (value !== undefined && found === undefined) throw invalid(path, `"${member}" must be one of ${words.join(', ')}`);
  return found;
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
