import { isFailure, toFailure, type FailureCode } from '../../errors/index.ts';
import type { JsonObject } from '../../std/json.ts';
import type { EnrollmentApi, Provisioning } from '../ports.ts';
import { differencesOf, namesKeys, type AnyEnrollment } from './compare.ts';
import type { EnrollmentDocument, EnrollmentKind } from './document.ts';

/** What became of one enrollment. */
export interface EnrollmentOutcome {
  readonly kind: EnrollmentKind;
  readonly id: string;
  /** `create` and `change` are those of a dry run. */
  readonly result: 'created' | 'changed' | 'unchanged' | 'create' | 'change' | 'failed';
  /** Dotted paths of what differed. */
  readonly differences: readonly string[];
  readonly error?: { readonly code: FailureCode; readonly message: string };
}

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Makes the enrollments what the documents say, one after the other; run again, it changes nothing. */
export async function* applyEnrollments(
  provisioning: Pick<Provisioning, 'enrollments' | 'groups'>,
  documents: readonly EnrollmentDocument[],
  options: ApplyOptions,
): AsyncGenerator<EnrollmentOutcome, void, undefined> {
  for (const document of documents) {
    const { kind, id } = document;
    try {
      yield { kind, id, ...(await apply(apiOf(provisioning, kind), document, options)) };
    } catch (error) {
      options.signal.throwIfAborted();
      const { code, message } = toFailure(error);
      yield { kind, id, result: 'failed', differences: [], error: { code, message } };
    }
  }
}

async function apply(
  api: EnrollmentApi<AnyEnrollment>,
  { id, body }: EnrollmentDocument,
  { dryRun, signal }: ApplyOptions,
): Promise<Pick<EnrollmentOutcome, 'result' | 'differences'>> {
  const current = await find(api, id, signal);
  if (current === undefined) {
    if (!dryRun) await api.put(id, body, { signal });
    return { result: dryRun ? 'create' : 'created', differences: [] };
  }
  const secrets = namesKeys(body) ? await api.attestation(id, signal) : undefined;
  const differences = differencesOf(body, current, secrets);
  if (differences.length === 0) return { result: 'unchanged', differences };
  if (!dryRun) await api.put(id, withKept(body, current), { etag: current.etag, signal });
  return { result: dryRun ? 'change' : 'changed', differences };
}

/** A document without an attestation leaves that as it is. */
function withKept(body: JsonObject, { attestation }: AnyEnrollment): Readonly<Record<string, unknown>> {
  return body['attestation'] === undefined ? { ...body, attestation } : body;
}

/** The enrollment, or undefined when there is none. */
export async function find<Enrollment>(
  api: EnrollmentApi<Enrollment>,
  id: string,
  signal: AbortSignal,
): Promise<Enrollment | undefined> {
  try {
    return await api.get(id, signal);
  } catch (error) {
    if (isFailure(error, 'not-found')) return undefined;
    throw error;
  }
}

export function apiOf(
  provisioning: Pick<Provisioning, 'enrollments' | 'groups'>,
  kind: EnrollmentKind,
): EnrollmentApi<AnyEnrollment> {
  return kind === 'group' ? provisioning.groups : provisioning.enrollments;
}
