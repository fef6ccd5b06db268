import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../errors/index.ts';
import { checkDatabase } from './database.ts';
import { checkArtifacts, checkBlobs, checkCertificates } from './files.ts';
import { checkRegistry, type DescribedFile, type RegistryCounts } from './registry.ts';
import { createFindings, type Finding } from './report.ts';
import { checkTelemetry, type TelemetryCounts } from './telemetry.ts';

export interface VerifyRequest {
  readonly dataDir: string;
  readonly signal?: AbortSignal | undefined;
  /** Told what is looked at next. */
  readonly onPart?: ((part: string) => void) | undefined;
}

export interface Verification {
  /** What was looked at. */
  readonly checked: RegistryCounts &
    TelemetryCounts & { readonly artifacts: number; readonly blobFiles: number; readonly certificates: number };
  /** Empty when all is as it was written. */
  readonly problems: readonly Finding[];
}

/**
 * Checks a hub's data, whether the hub runs or not, and changes nothing: the structure of both databases and what stands in their journals,
 * each row against its checksum, firmware files against their names, files of blobs against their documents, certificates against their keys. Failure `not-found` where there is no
 * hub's data.
 */
export async function verifyHub({ dataDir, signal, onPart }: VerifyRequest): Promise<Verification> {
  if ((await stat(join(dataDir, 'registry.db')).catch(() => undefined)) === undefined)
    throw new Failure('not-found', `there is no hub's data in ${dataDir}`, { hint: 'name the directory with --data' });
  const findings = createFindings();
  // A blob may hold a block more than once.
  const described = new Map<string, DescribedFile>();
  let registry: RegistryCounts = { records: 0, documents: 0, settings: 0 };
  let telemetry: TelemetryCounts = { batches: 0, messages: 0 };
  const part = (name: string): void => {
    signal?.throwIfAborted();
    onPart?.(name);
  };
  part('devices, twins and documents');
  await checkDatabase(dataDir, 'registry.db', findings, (database) => {
    registry = checkRegistry(database, findings, (file) => described.set(file.file, file));
  });
  part('telemetry');
  await checkDatabase(dataDir, 'telemetry.db', findings, (database) => {
    telemetry = checkTelemetry(database, findings);
  });
  part('firmware files');
  const artifacts = await checkArtifacts(dataDir, findings, signal);
  part('uploaded files');
  const missing = await checkBlobs(dataDir, described.values(), findings, signal);
  // A hub that runs may have removed a blob since its document was read.
  const wanted = missing.length === 0 ? new Set<string>() : await filesWanted(dataDir);
  for (const name of missing) if (wanted.has(name)) findings.add(`blobs/${name}`, 'it is missing');
  part('certificates');
  const certificates = await checkCertificates(dataDir, findings);
  return {
    checked: { ...registry, ...telemetry, artifacts, blobFiles: described.size, certificates },
    problems: findings.all,
  };
}

/** The files that blobs are kept in, by what the registry says now. */
async function filesWanted(dataDir: string): Promise<ReadonlySet<string>> {
  const wanted = new Set<string>();
  await checkDatabase(dataDir, 'registry.db', createFindings(), (database) => {
    checkRegistry(database, createFindings(), ({ file }) => wanted.add(file));
  });
  return wanted;
}
