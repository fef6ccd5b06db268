import { Failure } from '../../errors/index.ts';
import type { Attestation } from '../../protocol/provisioning/index.ts';
import type { Provisioning } from '../ports.ts';
import { apiOf, find } from './apply-enrollments.ts';
import type { AnyEnrollment } from './compare.ts';
import type { EnrollmentKind } from './document.ts';

export interface FoundEnrollment {
  readonly kind: EnrollmentKind;
  readonly id: string;
  readonly enrollment: AnyEnrollment;
  /** With its keys; undefined when they were not asked for. */
  readonly secrets: Attestation | undefined;
}

/** The enrollment of this id: the individual one, else the group, or only `kind`. Failure: not-found. */
export async function findEnrollment(
  provisioning: Pick<Provisioning, 'enrollments' | 'groups' | 'hostName'>,
  id: string,
  options: { readonly kind?: EnrollmentKind | undefined; readonly secrets: boolean; readonly signal: AbortSignal },
): Promise<FoundEnrollment> {
  const kinds: readonly EnrollmentKind[] = options.kind === undefined ? ['individual', 'group'] : [options.kind];
  for (const kind of kinds) {
    const api = apiOf(provisioning, kind);
    const enrollment = await find(api, id, options.signal);
    if (enrollment === undefined) continue;
    const secrets = options.secrets ? await api.attestation(id, options.signal) : undefined;
    return { kind, id, enrollment, secrets };
  }
  const what = options.kind === 'group' ? 'enrollment group' : 'enrollment';
  throw new Failure('not-found', `${provisioning.hostName} has no ${what} ${id}`, { hint: 'iotctl enrollment list' });
}
