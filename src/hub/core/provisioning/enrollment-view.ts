/** Enrollments as services see them. Source: service.md §10.2. */
import { isoTicks } from '../../../protocol/time.ts';
import type { EnrollmentGroup, IndividualEnrollment, RegistrationState } from '../../../protocol/provisioning/index.ts';
import { viewAttestation } from './attestation.ts';
import type { StoredEnrollment } from './stored.ts';

interface ViewOptions {
  /** Show symmetric keys. */
  readonly secrets: boolean;
}

export function viewIndividual(
  stored: StoredEnrollment,
  options: ViewOptions & { readonly registration: RegistrationState | undefined },
): IndividualEnrollment {
  const { deviceId, optionalDeviceInformation } = stored;
  return {
    registrationId: stored.id,
    ...(deviceId !== undefined && { deviceId }),
    ...(options.registration !== undefined && { registrationState: options.registration }),
    ...(optionalDeviceInformation !== undefined && { optionalDeviceInformation }),
    ...viewCommon(stored, options),
  };
}

export function viewGroup(stored: StoredEnrollment, options: ViewOptions): EnrollmentGroup {
  return { enrollmentGroupId: stored.id, ...viewCommon(stored, options) };
}

function viewCommon(stored: StoredEnrollment, { secrets }: ViewOptions): Omit<EnrollmentGroup, 'enrollmentGroupId'> {
  const { tags, desired, iotHubHostName, iotHubs, webhook } = stored;
  const hasTwin = tags !== undefined || desired !== undefined;
  return {
    attestation: viewAttestation(stored.attestation, secrets),
    capabilities: { iotEdge: stored.iotEdge },
    ...(iotHubHostName !== undefined && { iotHubHostName }),
    ...(hasTwin && {
      initialTwin: { ...(tags && { tags }), properties: { ...(desired && { desired }) } },
    }),
    etag: stored.etag,
    provisioningStatus: stored.status,
    reprovisionPolicy: stored.reprovisionPolicy,
    createdDateTimeUtc: isoTicks(stored.createdAt),
    lastUpdatedDateTimeUtc: isoTicks(stored.updatedAt),
    allocationPolicy: stored.allocationPolicy,
    ...(iotHubs !== undefined && { iotHubs }),
    ...(webhook !== undefined && { customAllocationDefinition: webhook }),
  };
}
