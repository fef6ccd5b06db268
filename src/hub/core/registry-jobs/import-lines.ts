import { HubError, hubErrors, type HubErrorSymbol } from '../../../protocol/hub-errors.ts';
import { bulkLimit } from '../../../protocol/identity.ts';
import { isJsonObject, type JsonObject } from '../../../std/json.ts';
import type { RegistryService } from '../services.ts';
import { parseUntrustedJson } from '../untrusted.ts';
import { createScopeWriter } from './element-scopes.ts';

/** A line of `importErrors.log`. Source: service.md §6.3. */
export interface ImportError {
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
  readonly errorCode: number;
  readonly errorStatus: string;
}

/** A twin of the largest size, keys, and JSON around them; longer lines are no devices. */
const longestLine = 1024 * 1024;
/** So many errors are written down one by one. */
const mostErrors = 100_000;

/** Takes in the lines of an import, in bulks; a line that fails is noted and the others go on. */
export async function importLines(
  bytes: AsyncIterable<Uint8Array>,
  registry: Pick<RegistryService, 'bulk' | 'get'>,
  options: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<{ readonly errors: readonly ImportError[]; readonly failed: number }> {
  const errors: ImportError[] = [];
  let failed = 0;
  const note = (error: ImportError): void => {
    failed += 1;
    if (errors.length < mostErrors) errors.push(error);
  };
  // What stands below something that was not there yet, with what was said of it.
  let orphans: Refused[] = [];
  const refuse = (refused: Refused): void => {
    if (isOrphan(refused) && orphans.length < mostErrors) orphans.push(refused);
    else note(refused.error);
  };
  const writeScopes = createScopeWriter(registry);
  const batch = createBatch(registry, refuse);
  for await (const line of linesOf(bytes, options.onBytes)) {
    options.signal.throwIfAborted();
    const element = readLine(line, note);
    if (element !== undefined) await batch.add(await writeScopes(element));
  }
  await batch.send();
  for (let before = Number.POSITIVE_INFINITY; orphans.length > 0 && orphans.length < before;) {
    const again = orphans;
    before = again.length;
    orphans = [];
    options.signal.throwIfAborted();
    for (const { element } of again) await batch.add(await writeScopes(element));
    await batch.send();
  }
  for (const { error } of orphans) note(error);
  return { errors, failed };
}

/** An element that the registry did not take. */
interface Refused {
  readonly element: JsonObject;
  readonly error: ImportError;
}

/** True when it may be taken once other lines have been. */
function isOrphan({ element, error: { errorCode } }: Refused): boolean {
  if (errorCode === hubErrors.InvalidDeviceScope) return true;
  return hasModule(element) && (errorCode === hubErrors.DeviceNotFound || errorCode === hubErrors.ModuleNotFound);
}

interface Batch {
  add(element: JsonObject): Promise<void>;
  send(): Promise<void>;
}

/** Collects elements; a device and its modules, or one identity twice, never stand in one bulk. */
function createBatch(registry: Pick<RegistryService, 'bulk'>, refuse: (refused: Refused) => void): Batch {
  let waiting: JsonObject[] = [];
  let together = new Set<string>();

  async function send(): Promise<void> {
    if (waiting.length === 0) return;
    const elements = waiting;
    waiting = [];
    together = new Set();
    for (const error of (await registry.bulk(elements)).errors) {
      const { deviceId, moduleId, errorCode, errorStatus } = error;
      const symbol = errorCode as HubErrorSymbol;
      const named = moduleId === undefined ? { deviceId } : { deviceId, moduleId };
      const element = elements.find((each) => nameOf(each) === JSON.stringify([deviceId, moduleId ?? null]));
      refuse({ element: element ?? {}, error: { ...named, errorCode: hubErrors[symbol], errorStatus } });
    }
  }

  return {
    async add(element) {
      const name = nameOf(element);
      const mixes = waiting.length > 0 && hasModule(element) !== hasModule(waiting[0]);
      if (mixes || together.has(name)) await send();
      waiting.push(element);
      together.add(name);
      if (waiting.length >= bulkLimit) await send();
    },
    send,
  };
}

function nameOf(element: JsonObject): string {
  return JSON.stringify([element['id'] ?? null, element['moduleId'] ?? null]);
}

function hasModule(element: JsonObject | undefined): boolean {
  return typeof element?.['moduleId'] === 'string';
}

function readLine(line: string | undefined, note: (error: ImportError) => void): JsonObject | undefined {
  const refuse = (symbol: HubErrorSymbol, errorStatus: string): undefined => {
    note({ deviceId: '', errorCode: hubErrors[symbol], errorStatus });
  };
  if (line === undefined) return refuse('ArgumentInvalid', `A line is longer than ${longestLine} bytes.`);
  try {
    const value = parseUntrustedJson(line);
    if (!isJsonObject(value)) return refuse('DeserializationError', 'A line is not a JSON object.');
    const hasMode = Object.keys(value).some((name) => name.toLowerCase() === 'importmode');
    return hasMode ? value : { ...value, importMode: isSystemModule(value) ? 'updateTwin' : 'createOrUpdate' };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return refuse(error.symbol, error.message);
  }
}

/** A module that the hub makes along with an edge device: its twin is all that can be written. */
function isSystemModule({ moduleId }: JsonObject): boolean {
  return typeof moduleId === 'string' && moduleId.startsWith('$');
}

/** Lines that say something; undefined for one that is too long. */
async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string | undefined, void, undefined> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let skipping = false;
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.length;
    onBytes(total);
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      if (!skipping && piece.trim() !== '') yield piece;
      skipping = false;
    }
    if (rest.length > longestLine) {
      if (!skipping) yield undefined;
      skipping = true;
      rest = '';
    }
  }
  rest += decoder.decode();
  if (!skipping && rest.trim() !== '') yield rest;
}
