import type { ConfigurationService } from '../configurations/service.ts';
import type { RegistryStore } from '../ports.ts';
import type { RegistryService } from '../services.ts';
import { exportConfigurations, importConfigurations } from './configuration-lines.ts';
import { exportLines } from './device-lines.ts';
import { importLines, type ImportError } from './import-lines.ts';
import type { RegistryJobDraft } from './job-draft.ts';
import type { BlobContainer } from './service.ts';

export interface RunParts {
  readonly store: Pick<RegistryStore, 'query' | 'counts'>;
  readonly registry: Pick<RegistryService, 'bulk' | 'get'>;
  readonly configurations: Pick<ConfigurationService, 'list' | 'put'>;
}

/** The places a job works between, opened and tried. */
export interface JobPlaces {
  /** The same as `output` for an export. */
  readonly input: BlobContainer;
  readonly output: BlobContainer;
}

interface RunOptions {
  readonly signal: AbortSignal;
  /** 0 to 99; the last step belongs to whoever notes the end. */
  readonly onProgress: (percent: number) => void;
}

const errorLog = 'importErrors.log';

/** Does what the job says. Rejects when nothing, or only a part, could be done; lines that fail are no failure of the job. */
export async function runRegistryJob(
  parts: RunParts,
  draft: RegistryJobDraft,
  places: JobPlaces,
  options: RunOptions,
): Promise<void> {
  if (draft.type === 'export') await runExport(parts, draft, places.output, options);
  else await runImport(parts, draft, places, options);
}

async function runExport(
  { store, configurations }: RunParts,
  draft: RegistryJobDraft,
  output: BlobContainer,
  { signal, onProgress }: RunOptions,
): Promise<void> {
  const { total } = await store.counts();
  const onPage = (identities: number): void => onProgress(percentOf(identities, total));
  const lines = exportLines(store, { withKeys: !draft.excludeKeys, signal, onPage });
  await output.write(draft.outputBlobName ?? 'devices.txt', lines);
  if (draft.includeConfigurations)
    await output.write(draft.configurationsBlobName, exportConfigurations(configurations));
}

async function runImport(
  { registry, configurations }: RunParts,
  draft: RegistryJobDraft,
  { input, output }: JobPlaces,
  { signal, onProgress }: RunOptions,
): Promise<void> {
  const errors: ImportError[] = [];
  const devices = await input.read(draft.inputBlobName);
  if (devices === undefined && !draft.includeConfigurations)
    throw new Error(`the input container has no blob '${draft.inputBlobName}'`);
  if (devices !== undefined) {
    const onBytes = (bytes: number): void => onProgress(percentOf(bytes, devices.size));
    const result = await importLines(devices.bytes, registry, { signal, onBytes });
    errors.push(...result.errors);
  }
  if (draft.includeConfigurations) {
    const stored = await input.read(draft.configurationsBlobName);
    if (stored !== undefined) errors.push(...(await importConfigurations(stored.bytes, configurations, signal)));
  }
  if (errors.length > 0) await output.write(errorLog, chunksOf(errors));
}

function percentOf(done: number, total: number): number {
  return Math.min(99, Math.floor((100 * done) / Math.max(1, total)));
}

// oxlint-disable-next-line typescript/require-await -- the container takes any stream
async function* chunksOf(errors: readonly ImportError[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < errors.length; at += 1_000) {
    const lines = errors.slice(at, at + 1_000).map((error) => `${JSON.stringify(error)}\n`);
    yield Buffer.from(lines.join(''));
  }
}
