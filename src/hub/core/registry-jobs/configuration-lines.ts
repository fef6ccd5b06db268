import { HubError } from '../../../protocol/hub-errors.ts';
import { isJsonObject, type JsonValue } from '../../../std/json.ts';
import type { ConfigurationService } from '../configurations/service.ts';
import { parseUntrustedJson } from '../untrusted.ts';
import type { ImportError } from './import-lines.ts';

/** A hub has at most so many. */
const mostConfigurations = 1_000;
/** A file of as many configurations as a hub can have, each as long as one may be. */
const longestFile = 128 * 1024 * 1024;

/** Every configuration as a line. Source: service.md §6.3. */
export async function* exportConfigurations(
  configurations: Pick<ConfigurationService, 'list'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const configuration of await configurations.list(mostConfigurations))
    yield Buffer.from(`${JSON.stringify(configuration)}\n`);
}

/** Makes or updates the configurations of a file; what is refused is told like a device that failed. */
export async function importConfigurations(
  bytes: AsyncIterable<Uint8Array>,
  configurations: Pick<ConfigurationService, 'put'>,
  signal: AbortSignal,
): Promise<ImportError[]> {
  const errors: ImportError[] = [];
  for (const line of (await textOf(bytes)).split('\n')) {
    signal.throwIfAborted();
    if (line.trim() === '') continue;
    try {
      await putLine(parseUntrustedJson(line), configurations);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      errors.push({ deviceId: '', errorCode: error.number, errorStatus: error.message });
    }
  }
  return errors;
}

async function putLine(value: JsonValue, configurations: Pick<ConfigurationService, 'put'>): Promise<void> {
  const id = isJsonObject(value) ? value['id'] : undefined;
  if (typeof id !== 'string') throw new HubError('ArgumentInvalid', 'A configuration has no id.');
  try {
    await configurations.put(id, value, undefined);
  } catch (error) {
    if (!(error instanceof HubError) || error.symbol !== 'ConfigurationAlreadyExists') throw error;
    await configurations.put(id, value, '*');
  }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > longestFile) throw new Error('the file of the configurations is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
