import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import type { CommandContext } from '../context.ts';

type Context = Pick<CommandContext, 'hub' | 'connection' | 'profiles' | 'clock' | 'directories'>;

/** Values the shell asks for while a person waits: few, soon, and never an error. */
const freshFor = 60_000;
const waitAtMost = 800;
const mostValues = 1_000;

interface Remembered {
  readonly at: number;
  readonly values: readonly string[];
}

/** What is read from a hub, and how. */
const readers = { device: readDeviceIds, rollout: readRolloutIds, firmware: readFirmwareNames } as const;

/** Names of the hub's devices, rollouts or firmware; from the cache when it is young, or when the hub does not answer soon. */
export async function hubValues(context: Context, kind: keyof typeof readers): Promise<readonly string[]> {
  const { clock } = context;
  const { hostName, name } = await context.connection();
  const file = cacheFile(context.directories.cache, kind, `${name} ${hostName}`);
  const remembered = await readCache(file);
  if (remembered !== undefined && clock.now() - remembered.at < freshFor && clock.now() >= remembered.at)
    return remembered.values;
  const values = await withinTime((signal) => readers[kind](context, signal), context);
  if (values === undefined) return remembered?.values ?? [];
  await mkdir(join(context.directories.cache, 'completion'), { recursive: true, mode: 0o700 });
  await writeFileAtomic(file, JSON.stringify({ at: clock.now(), values } satisfies Remembered)).catch(() => undefined);
  return values;
}

export async function profileValues(context: Context): Promise<readonly string[]> {
  const store = await context.profiles();
  return (await store.list()).map((profile) => profile.name);
}

async function readDeviceIds(context: Context, signal: AbortSignal): Promise<string[]> {
  const hub = await context.hub();
  const ids: string[] = [];
  for await (const page of hub.queries.query('SELECT deviceId FROM devices', { pageSize: mostValues, signal })) {
    for (const row of page) if (typeof row['deviceId'] === 'string') ids.push(row['deviceId']);
    if (ids.length >= mostValues) break;
  }
  return ids.slice(0, mostValues);
}

async function readRolloutIds(context: Context, signal: AbortSignal): Promise<string[]> {
  const { listRollouts } = await import('../../fleet/rollout/records/index.ts');
  const ids: string[] = [];
  const options = { signal, onUnreadable: () => undefined };
  for await (const { id } of listRollouts((await context.hub()).records, options)) ids.push(id);
  return ids.slice(0, mostValues);
}

async function readFirmwareNames(context: Context, signal: AbortSignal): Promise<string[]> {
  const { listFirmware } = await import('../../fleet/firmware/index.ts');
  const names: string[] = [];
  for await (const { signed } of listFirmware((await context.hub()).records, { signal }))
    names.push(`${signed.manifest.name}@${signed.manifest.version}`);
  return names.slice(0, mostValues);
}

/** The answer, or undefined when it fails or takes longer than a person at a shell waits. */
async function withinTime<Value>(
  work: (signal: AbortSignal) => Promise<Value>,
  { clock }: Context,
): Promise<Value | undefined> {
  const controller = new AbortController();
  let cancel: (() => void) | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    cancel = clock.after(waitAtMost, () => {
      controller.abort(new Error('too late for completion'));
      resolve(undefined);
    });
  });
  try {
    return await Promise.race([work(controller.signal).catch(() => undefined), tooLate]);
  } finally {
    cancel?.();
  }
}

function cacheFile(directory: string, kind: string, hub: string): string {
  const name = createHash('sha256').update(hub).digest('hex').slice(0, 16);
  return join(directory, 'completion', `${kind}-${name}.json`);
}

async function readCache(file: string): Promise<Remembered | undefined> {
  try {
    const { at, values } = JSON.parse(await readFile(file, 'utf8')) as Partial<Remembered>;
    if (typeof at !== 'number' || !Array.isArray(values)) return undefined;
    return { at, values: values.filter((value): value is string => typeof value === 'string') };
  } catch {
    return undefined;
  }
}
