import type {
  EnrollmentOutcome,
  EnrollmentSummary,
  FoundEnrollment,
  RegisteredDevice,
} from '../../fleet/enrollments/index.ts';
import type { CertificatePair, RegistrationForecast } from '../../protocol/provisioning/index.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';

export const enrollmentListView: ListView<EnrollmentSummary> = {
  columns: [
    { header: 'ENROLLMENT', value: ({ id }) => id, tone: () => 'accent' },
    { header: 'KIND', value: ({ kind }) => kind },
    { header: 'PROOF', value: ({ attestation }) => attestation },
    {
      header: 'STATUS',
      value: ({ status }) => status,
      tone: ({ status }) => (status === 'enabled' ? 'plain' : 'warn'),
    },
    {
      header: 'REGISTRATION',
      value: ({ registration }) => registration,
      tone: ({ registration }) => stateTone(registration),
    },
    { header: 'HUB', value: ({ assignedHub }) => assignedHub },
    { header: 'ALLOCATION', value: ({ allocation }) => allocation, wide: true },
    { header: 'LIMITED TO', value: ({ hubs }) => hubs.join(', '), wide: true },
  ],
  json: (enrollment) => enrollment,
  name: ({ id }) => id,
  empty: 'no enrollments; iotctl enrollment apply makes some',
};

export const enrollmentOutcomeView: ListView<EnrollmentOutcome> = {
  columns: [
    { header: 'ENROLLMENT', value: ({ id }) => id, tone: () => 'accent' },
    { header: 'KIND', value: ({ kind }) => kind },
    { header: 'RESULT', value: resultText, tone: outcomeTone },
    { header: 'CHANGES', value: ({ differences, error }) => error?.message ?? differences.join(', ') },
  ],
  json: (outcome) => ({ ...outcome, dryRun: outcome.result === 'create' || outcome.result === 'change' }),
  name: ({ id }) => id,
  empty: 'the file describes no enrollments',
};

function resultText({ result, error }: EnrollmentOutcome): string {
  if (result === 'create') return 'would be created';
  if (result === 'change') return 'would be changed';
  return error?.code ?? result;
}

function outcomeTone({ result }: EnrollmentOutcome): Tone {
  if (result === 'failed') return 'bad';
  if (result === 'created' || result === 'changed') return 'good';
  return result === 'unchanged' ? 'dim' : 'warn';
}

/** One enrollment as the service has it; keys only where they were asked for. */
export const enrollmentView: DocumentView<FoundEnrollment> = {
  fields: ({ kind, id, enrollment, secrets }) => {
    const { attestation, iotHubHostName, iotHubs, customAllocationDefinition: webhook } = enrollment;
    const own = 'registrationId' in enrollment ? enrollment : undefined;
    const state = own?.registrationState;
    return [
      [kind === 'group' ? 'Group' : 'Enrollment', id, 'accent'],
      ['Status', enrollment.provisioningStatus, enrollment.provisioningStatus === 'enabled' ? 'good' : 'warn'],
      ['Device', own?.deviceId],
      ['Proof', attestation.type],
      ['Primary key', secrets?.symmetricKey?.primaryKey, 'warn'],
      ['Secondary key', secrets?.symmetricKey?.secondaryKey, 'warn'],
      ['Certificate', subjectsOf(attestation.x509?.clientCertificates)],
      ['Signed by', subjectsOf(attestation.x509?.signingCertificates) ?? attestation.x509?.caReferences?.primary],
      ['Allocation', enrollment.allocationPolicy],
      ['Hubs', iotHubs?.join(', ') ?? iotHubHostName],
      ['Webhook', webhook?.webhookUrl],
      ['Edge', enrollment.capabilities.iotEdge ? 'yes' : undefined],
      ['Moves to another hub', enrollment.reprovisionPolicy.updateHubAssignment ? 'yes' : 'no'],
      ['Takes its twin along', enrollment.reprovisionPolicy.migrateDeviceData ? 'yes' : 'no'],
      ['Initial twin', enrollment.initialTwin],
      ['Information', own?.optionalDeviceInformation],
      ['Registration', state === undefined ? undefined : registrationText(state), stateTone(state?.status ?? null)],
      ['Changed', shortTime(enrollment.lastUpdatedDateTimeUtc)],
      ['ETag', enrollment.etag, 'dim'],
    ];
  },
  json: ({ enrollment, secrets }) => (secrets === undefined ? enrollment : { ...enrollment, attestation: secrets }),
  name: ({ id }) => id,
};

function subjectsOf(pair: CertificatePair | undefined): string | undefined {
  const subjects = [pair?.primary, pair?.secondary].flatMap((each) => each?.info?.subjectName ?? []);
  return subjects.length === 0 ? undefined : subjects.join('; ');
}

/** The service writes seven digits after the second, of which three are ever used. */
function shortTime(time: string): string {
  return time.replace(/(\.\d{3})\d*Z$/, '$1Z');
}

/** What a device would get, in the order in which it is decided. */
export const forecastView: DocumentView<RegistrationForecast> = {
  fields: ({ registrationId, enrollment, registration, ...rest }) => [
    ['Registration', registrationId, 'accent'],
    [
      'Enrollment',
      enrollment === undefined ? 'none' : `${enrollment.kind === 'group' ? 'group ' : ''}${enrollment.id}`,
      enrollment === undefined ? 'warn' : 'plain',
    ],
    [enrollment === undefined ? 'Because' : 'Taken because', enrollment?.reason ?? rest.reason],
    ['Groups', enrollment === undefined ? rest.groups.map(({ id, type }) => `${id} (${type})`).join(', ') : undefined],
    ['Allocation', rest.allocationPolicy],
    ['Hubs to choose from', enrollment === undefined ? undefined : rest.candidates.join(', ') || 'none'],
    ['Hub', enrollment === undefined ? undefined : (rest.hub ?? 'not known before')],
    ['Chosen because', enrollment === undefined ? undefined : rest.reason],
    ['Device', rest.deviceId],
    ['Edge', rest.iotEdge ? 'yes' : undefined],
    ['Initial twin', rest.initialTwin],
    [
      'Registered',
      registration === undefined ? 'never' : registrationText(registration),
      stateTone(registration?.status ?? null),
    ],
  ],
  json: (forecast) => forecast,
  name: ({ registrationId }) => registrationId,
};

interface StateFacts {
  readonly status: string;
  readonly substatus?: string;
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly errorMessage?: string;
  readonly lastUpdatedDateTimeUtc: string;
}

function registrationText(state: StateFacts): string {
  const { status, substatus, assignedHub, deviceId, errorMessage, lastUpdatedDateTimeUtc } = state;
  const where = assignedHub === undefined ? '' : ` to ${assignedHub} as ${deviceId ?? ''}`;
  const detail = errorMessage ?? substatus;
  return `${status}${where}${detail === undefined ? '' : ` (${detail})`}, ${shortTime(lastUpdatedDateTimeUtc)}`;
}

function stateTone(status: string | null): Tone {
  if (status === 'assigned') return 'good';
  if (status === 'failed') return 'bad';
  return status === null ? 'dim' : 'warn';
}

/** A device that has registered. The connection string is there only when it was asked for. */
export const registeredView: DocumentView<
  Omit<RegisteredDevice, 'connectionString'> & { readonly connectionString?: string }
> = {
  fields: ({ registration, connectionString }) => [
    ['Registration', registration.registrationId, 'accent'],
    ['Status', registration.status, stateTone(registration.status)],
    ['Substatus', registration.substatus],
    ['Hub', registration.assignedHub],
    ['Device', registration.deviceId],
    ['Payload', registration.payload],
    ['Connection string', connectionString, 'warn'],
  ],
  json: ({ registration, connectionString }) => ({ ...registration, ...(connectionString && { connectionString }) }),
  name: ({ registration }) => registration.deviceId,
};
