import type { Provisioning } from '../ports.ts';
import { apiOf } from './apply-enrollments.ts';
import type { AnyEnrollment } from './compare.ts';
import type { EnrollmentKind } from './document.ts';

/** An enrollment as lists show it. */
export interface EnrollmentSummary {
  readonly kind: EnrollmentKind;
  readonly id: string;
  readonly attestation: string;
  readonly status: string;
  readonly allocation: string;
  /** Hubs it is limited to; empty when it is not. */
  readonly hubs: readonly string[];
  /** Of an individual enrollment: where its registration stands. */
  readonly registration: string | null;
  readonly assignedHub: string | null;
}

/** Individual enrollments, then groups. */
export async function* listEnrollments(
  provisioning: Pick<Provisioning, 'enrollments' | 'groups'>,
  kinds: readonly EnrollmentKind[],
  signal: AbortSignal,
): AsyncGenerator<EnrollmentSummary, void, undefined> {
  for (const kind of kinds) {
    for await (const page of apiOf(provisioning, kind).list(signal))
      for (const enrollment of page) yield summaryOf(kind, enrollment);
  }
}

function summaryOf(kind: EnrollmentKind, enrollment: AnyEnrollment): EnrollmentSummary {
  const { attestation, provisioningStatus, allocationPolicy, iotHubHostName, iotHubs } = enrollment;
  const state = 'registrationId' in enrollment ? enrollment.registrationState : undefined;
  return {
    kind,
    id: 'registrationId' in enrollment ? enrollment.registrationId : enrollment.enrollmentGroupId,
    attestation: attestation.type,
    status: provisioningStatus,
    allocation: allocationPolicy,
    hubs: iotHubs ?? (iotHubHostName ? [iotHubHostName] : []),
    registration: state?.status ?? null,
    assignedHub: state?.assignedHub ?? null,
  };
}
