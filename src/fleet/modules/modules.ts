import { Failure } from '../../errors/index.ts';
import { deviceIdProblem } from '../../protocol/device-id.ts';
import type { ModuleIdentity } from '../../protocol/identity.ts';
import { identityNames, isModulePath, type IdentityPath } from '../../protocol/identity-path.ts';
import type { Twin } from '../../protocol/twin/document.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { pool } from '../../std/pool.ts';
import { knownTime } from '../devices/list-devices.ts';
import { outcomeOf, type DeviceOutcome } from '../devices/outcome.ts';
import type { Hub } from '../ports.ts';
import { quoteLiteral } from '../selection/glob-condition.ts';
import { contentOf } from '../twins/content.ts';

/** A module as lists show it. */
export interface ModuleSummary {
  readonly deviceId: string;
  readonly moduleId: string;
  readonly connectionState: string;
  /** ISO 8601, null when the module was never active. */
  readonly lastActivityTime: string | null;
  readonly tags: JsonObject;
}

/** Everything about one module; keys only when they were asked for. */
export interface ModuleDetails extends ModuleSummary {
  readonly managedBy: string | null;
  readonly authenticationType: string;
  readonly etag: string;
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  readonly primaryKey?: string | null;
  readonly secondaryKey?: string | null;
  readonly connectionString?: string;
}

/** Reads `DEVICE/MODULE`. Failure: invalid-value. */
export function parseModuleName(text: string): IdentityPath {
  const { deviceId, moduleId } = identityNames(text);
  if (!isModulePath(text)) throw new Failure('invalid-value', `"${text}" names no module: write DEVICE/MODULE`);
  const problem = deviceIdProblem(deviceId) ?? deviceIdProblem(moduleId);
  if (problem !== undefined) throw new Failure('invalid-value', `"${text}" is not DEVICE/MODULE: an id ${problem}`);
  return text;
}

export interface ListModulesOptions {
  /** Modules of this device alone. */
  readonly deviceId?: string | undefined;
  readonly where?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Modules in the hub's order: of one device, or of all that the condition holds for. Failures: invalid-query, device-not-found. */
export async function* listModules(
  hub: Pick<Hub, 'queries' | 'devices'>,
  options: ListModulesOptions,
): AsyncGenerator<ModuleSummary, void, undefined> {
  const { deviceId, signal } = options;
  let found = false;
  for await (const module of queryModules(hub, options)) {
    found = true;
    yield module;
  }
  // A device without modules is fine, one that is not there is a mistake.
  if (!found && deviceId !== undefined) await hub.devices.get(deviceId, signal);
}

async function* queryModules(
  hub: Pick<Hub, 'queries'>,
  { deviceId, where: condition, signal }: ListModulesOptions,
): AsyncGenerator<ModuleSummary, void, undefined> {
  const where = whereOfDevice(deviceId, condition);
  const columns = 'deviceId, moduleId, connectionState, lastActivityTime, tags';
  const text = `SELECT ${columns} FROM devices.modules${where === undefined ? '' : ` WHERE ${where}`}`;
  for await (const rows of hub.queries.query(text, signal === undefined ? {} : { signal })) {
    for (const row of rows) {
      yield {
        deviceId: textOf(row['deviceId']),
        moduleId: textOf(row['moduleId']),
        connectionState: textOf(row['connectionState']),
        lastActivityTime: knownTime(row['lastActivityTime']),
        tags: isJsonObject(row['tags']) ? row['tags'] : {},
      };
    }
  }
}

/** The condition for the modules of a device that `where` holds for; either may be left out. */
function whereOfDevice(deviceId: string | undefined, where: string | undefined): string | undefined {
  const parts = [
    deviceId === undefined ? undefined : `deviceId = ${quoteLiteral(deviceId)}`,
    where === undefined ? undefined : `(${where})`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' AND ');
}

/** Identity and twin of a module. Failures: device-not-found, not-authorised. */
export async function showModule(
  hub: Pick<Hub, 'modules' | 'twins' | 'deviceHostName'>,
  identity: IdentityPath,
  { showSecrets, signal }: { readonly showSecrets: boolean; readonly signal?: AbortSignal | undefined },
): Promise<ModuleDetails> {
  const [module, twin] = await Promise.all([hub.modules.get(identity, signal), hub.twins.get(identity, signal)]);
  return { ...detailsOf(module, twin), ...(showSecrets && secretsOf(module, hub.deviceHostName)) };
}

function detailsOf(module: ModuleIdentity, twin: Twin): ModuleDetails {
  return {
    deviceId: module.deviceId,
    moduleId: module.moduleId,
    managedBy: module.managedBy === undefined || module.managedBy === '' ? null : module.managedBy,
    connectionState: module.connectionState,
    lastActivityTime: knownTime(module.lastActivityTime),
    authenticationType: module.authentication.type,
    etag: module.etag,
    tags: twin.tags,
    desired: contentOf(twin.properties.desired),
    reported: contentOf(twin.properties.reported),
  };
}

function secretsOf(module: ModuleIdentity, hostName: string): Partial<ModuleDetails> {
  const { primaryKey, secondaryKey } = module.authentication.symmetricKey;
  const names = `HostName=${hostName};DeviceId=${module.deviceId};ModuleId=${module.moduleId}`;
  return {
    primaryKey,
    secondaryKey,
    ...(primaryKey !== null && { connectionString: `${names};SharedAccessKey=${primaryKey}` }),
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

interface ManyOptions {
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** Creates modules with keys of their own. One outcome each. */
export function createModules(
  hub: Pick<Hub, 'modules'>,
  identities: readonly IdentityPath[],
  { concurrency, signal, managedBy }: ManyOptions & { readonly managedBy?: string | undefined },
): AsyncGenerator<DeviceOutcome, void, undefined> {
  return pool(
    identities,
    concurrency,
    (identity) => {
      const module = { ...identityNames(identity), ...(managedBy !== undefined && { managedBy }) };
      return outcomeOf(
        identity,
        changed(() => hub.modules.put(module, signal && { signal })),
        signal,
      );
    },
    signal,
  );
}

/** Deletes modules with their twins. One outcome each. */
export function deleteModules(
  hub: Pick<Hub, 'modules'>,
  identities: readonly IdentityPath[],
  { concurrency, signal }: ManyOptions,
): AsyncGenerator<DeviceOutcome, void, undefined> {
  return pool(
    identities,
    concurrency,
    (identity) =>
      outcomeOf(
        identity,
        changed(() => hub.modules.delete(identity, signal && { signal })),
        signal,
      ),
    signal,
  );
}

function changed(work: () => Promise<unknown>): () => Promise<'changed'> {
  return async () => {
    await work();
    return 'changed';
  };
}
