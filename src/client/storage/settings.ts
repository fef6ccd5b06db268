/** Where records and firmware files of a hub in the cloud are: a container of Azure Blob Storage, by addresses with signatures. */
import { readFile } from 'node:fs/promises';
import type { Connection } from '../../config/profile.ts';
import { Failure, toFailure } from '../../errors/index.ts';
import type { Environment } from '../proxy.ts';

export interface StorageSettings {
  /** Of the container, with a signature to read, create, write, delete and list. A secret. */
  readonly url: URL;
  /** Of the same container, with a signature that only reads: what devices are given. A secret too, of many. */
  readonly readUrl: URL | undefined;
}

/**
 * `IOTCTL_STORAGE_URL` and `IOTCTL_STORAGE_READ_URL`, or the files that these names with `_FILE` say; else what the profile keeps. The
 * address to read may also stand in a second line of the other. Undefined when nothing is set. Failure invalid-config, without the address: it is a secret.
 */
export async function readStorageSettings(
  connection: Pick<Connection, 'storageUrl'>,
  env: Environment,
): Promise<StorageSettings | undefined> {
  const given = await readVariable(env, 'IOTCTL_STORAGE_URL');
  const [text, second] = partsOf(given ?? connection.storageUrl ?? '');
  if (text === undefined) return undefined;
  const from = given === undefined ? 'the storage URL of the profile' : 'IOTCTL_STORAGE_URL';
  const toRead = (await readVariable(env, 'IOTCTL_STORAGE_READ_URL')) ?? second;
  const url = parseContainerUrl(text, from);
  const readUrl = toRead === undefined ? undefined : parseContainerUrl(toRead, 'IOTCTL_STORAGE_READ_URL');
  if (readUrl !== undefined) checkReadUrl(readUrl, url);
  return { url, readUrl };
}

/** Checks what a profile is to keep. Failure invalid-config. */
export function checkStorageUrl(text: string, from: string): void {
  const [url = '', toRead, ...more] = partsOf(text);
  const container = parseContainerUrl(url, from);
  if (more.length > 0) throw unusable(from, 'it has more than two addresses');
  if (toRead !== undefined) checkReadUrl(parseContainerUrl(toRead, from), container);
}

function partsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((part) => part !== '');
}

function parseContainerUrl(text: string, from: string): URL {
  if (!URL.canParse(text)) throw unusable(from, 'it is no address');
  const url = new URL(text);
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    throw unusable(from, 'it must begin with https:// (http:// only for this machine)');
  if (url.pathname.split('/').filter((part) => part !== '').length === 0) throw unusable(from, 'it names no container');
  if (!url.searchParams.has('sig')) throw unusable(from, 'it has no shared access signature');
  return url;
}

/** Devices hold it, and a device may be in anybody's hands. */
function checkReadUrl(readUrl: URL, url: URL): void {
  const from = 'the storage address to read';
  if (readUrl.host !== url.host || readUrl.pathname !== url.pathname)
    throw unusable(from, 'it names another container');
  if (!/^[rl]*$/.test(readUrl.searchParams.get('sp') ?? ''))
    throw unusable(from, 'devices are given it, and its signature allows more than to read');
}

function unusable(from: string, why: string): Failure {
  return new Failure('invalid-config', `${from} cannot be used: ${why}`, { hint: storageHint });
}

/** How to make such addresses. */
export const storageHint =
  'set IOTCTL_STORAGE_URL to the address of a container with a signature: az storage container generate-sas --permissions rcwdl';

async function readVariable(env: Environment, name: string): Promise<string | undefined> {
  const text = env[name]?.trim();
  if (text !== undefined && text !== '') return text;
  const file = env[`${name}_FILE`]?.trim();
  if (file === undefined || file === '') return undefined;
  return readFile(file, 'utf8').catch((error: unknown) => {
    const failure = toFailure(error, file);
    throw new Failure(failure.code, `${name}_FILE: ${failure.message}`, { cause: error });
  });
}
