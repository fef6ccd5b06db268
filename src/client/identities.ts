import { isFailure, toFailure } from '../errors/index.ts';
import type { DeviceIdentity, ModuleIdentity } from '../protocol/identity.ts';
import { identityPath, isModulePath, type IdentityPath } from '../protocol/identity-path.ts';
import { identityReadLimit, identityReadPath, type IdentityReadAnswer } from '../protocol/identity-read.ts';
import { windowed } from '../std/windowed.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';
import type { DeviceRegistry, ModuleRegistry } from './service-api.ts';

/** Reads many identities with their keys, in few requests where the hub can do that. */
export interface IdentityReader {
  /** Those that are there, by their paths. `concurrency` counts requests on a hub that answers one identity at a time. */
  readMany(
    paths: readonly IdentityPath[],
    options?: { readonly concurrency?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<ReadonlyMap<IdentityPath, DeviceIdentity | ModuleIdentity>>;
}

type Identity = DeviceIdentity | ModuleIdentity;

const defaultConcurrency = 16;
const extension: Extension = { name: 'many identities at once', instead: 'they are read one by one' };

export function createIdentityReader(
  client: ServiceClient,
  { devices, modules }: { readonly devices: DeviceRegistry; readonly modules: ModuleRegistry },
): IdentityReader {
  let oneByOne = false;

  async function readLot(
    paths: readonly IdentityPath[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Identity[]> {
    const answer = await client.request({
      method: 'POST',
      path: identityReadPath,
      body: { identities: paths },
      action: `read ${paths.length} identities`,
      signal,
      extension,
    });
    return parseAnswer(answer, isAnswer, 'list of identities').identities;
  }

  /** Answers what could not be read in lots: nothing, or on a hub that does not serve them everything. */
  async function readLots(
    paths: readonly IdentityPath[],
    note: (identity: Identity) => void,
    signal: AbortSignal | undefined,
  ): Promise<readonly IdentityPath[]> {
    try {
      for (let at = 0; at < paths.length; at += identityReadLimit)
        (await readLot(paths.slice(at, at + identityReadLimit), signal)).forEach(note);
      return [];
    } catch (error) {
      if (!isFailure(error, 'unsupported')) throw error;
      oneByOne = true;
      return paths;
    }
  }

  async function readOne(path: IdentityPath, signal: AbortSignal | undefined): Promise<Identity | Error | undefined> {
    try {
      return await (isModulePath(path) ? modules.get(path, signal) : devices.get(path, signal));
    } catch (error) {
      return isFailure(error, 'device-not-found', 'not-found') ? undefined : toFailure(error);
    }
  }

  return {
    async readMany(paths, { concurrency = defaultConcurrency, signal } = {}) {
      const found = new Map<IdentityPath, Identity>();
      const note = (identity: Identity): void => void found.set(pathOf(identity), identity);
      const rest = oneByOne ? paths : await readLots(paths, note, signal);
      for await (const identity of windowed(rest, concurrency, (path) => readOne(path, signal), signal)) {
        if (identity instanceof Error) throw identity;
        if (identity !== undefined) note(identity);
      }
      signal?.throwIfAborted();
      return found;
    },
  };
}

function pathOf(identity: Identity): IdentityPath {
  return identityPath(identity.deviceId, 'moduleId' in identity ? identity.moduleId : '');
}

function isAnswer(value: object): value is IdentityReadAnswer {
  return 'identities' in value && Array.isArray(value.identities);
}
