/** The Device Provisioning Service by its REST API, in the cloud or iotctl's own. Source: service.md §10. */
import type { Connection } from '../config/profile.ts';
import type {
  Attestation,
  EnrollmentGroup,
  IndividualEnrollment,
  RegistrationForecast,
  RegistrationState,
} from '../protocol/provisioning/index.ts';
import { ifMatch } from './devices.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import { createServiceClient, type ClientDependencies, type ServiceClient } from './http/service-client.ts';

/** What a service writes of an enrollment; what the service manages itself may be left out. */
export type EnrollmentBody = Readonly<Record<string, unknown>>;

/** Enrollments of one kind. Failures: not-found, conflict, changed-meanwhile, refused, not-authorised, hub-unreachable. */
export interface EnrollmentApi<Enrollment> {
  get(id: string, signal?: AbortSignal): Promise<Enrollment>;
  /** The attestation with its keys. */
  attestation(id: string, signal?: AbortSignal): Promise<Attestation>;
  /** Creates, or replaces what has this etag. */
  put(
    id: string,
    body: EnrollmentBody,
    options?: { etag?: string | undefined; signal?: AbortSignal },
  ): Promise<Enrollment>;
  delete(id: string, options?: { etag?: string | undefined; signal?: AbortSignal }): Promise<void>;
  list(signal?: AbortSignal): AsyncIterable<readonly Enrollment[]>;
}

export interface RegistrationApi {
  get(registrationId: string, signal?: AbortSignal): Promise<RegistrationState>;
  delete(registrationId: string, signal?: AbortSignal): Promise<void>;
  ofGroup(groupId: string, signal?: AbortSignal): AsyncIterable<readonly RegistrationState[]>;
}

export interface Provisioning {
  readonly hostName: string;
  readonly enrollments: EnrollmentApi<IndividualEnrollment>;
  readonly groups: EnrollmentApi<EnrollmentGroup>;
  readonly registrations: RegistrationApi;
  /** On iotctl's own service alone; Failure `unsupported` elsewhere. */
  idScope(signal?: AbortSignal): Promise<string>;
  /** On iotctl's own service alone; Failure `unsupported` elsewhere. */
  forecast(registrationId: string, signal?: AbortSignal): Promise<RegistrationForecast>;
  close(): Promise<void>;
}

/** Source: service.md §0.1. */
const apiVersion = '2021-10-01';

const scopeExtension: Extension = {
  name: 'its id scope over REST',
  instead: 'in the cloud it is on the overview page of the service: give it with --id-scope',
};
const forecastExtension: Extension = {
  name: 'explanations of registrations',
  instead: 'iotctl enrollment show ID tells what an enrollment says, and where its device is registered',
};

/** Failures: `invalid-config` for a service URL or CA file that cannot be used. Nothing is connected before the first request. */
export function connectProvisioning(connection: Connection, dependencies: ClientDependencies): Provisioning {
  const client = createServiceClient(connection, dependencies);
  return {
    hostName: connection.hostName,
    enrollments: createEnrollmentApi(client, '/enrollments', 'enrollment'),
    groups: createEnrollmentApi(client, '/enrollmentGroups', 'enrollment group'),
    registrations: {
      async get(registrationId, signal) {
        const action = `read registration ${registrationId}`;
        const path = pathOf('/registrations', registrationId);
        return parseAnswer(
          await client.request({ method: 'GET', path, apiVersion, action, signal }),
          isRegistration,
          'registration',
        );
      },
      async delete(registrationId, signal) {
        const path = pathOf('/registrations', registrationId);
        await client.request({
          method: 'DELETE',
          path,
          apiVersion,
          action: `delete registration ${registrationId}`,
          signal,
        });
      },
      ofGroup: (groupId, signal) =>
        readPages(client, pathOf('/registrations', groupId), `list the registrations of ${groupId}`, signal),
    },
    async idScope(signal) {
      const request = { method: 'GET', path: '/iotctl/provisioning', apiVersion, extension: scopeExtension } as const;
      const answer = await client.request({ ...request, action: 'read the id scope', signal });
      return parseAnswer(answer, hasIdScope, 'provisioning service').idScope;
    },
    async forecast(registrationId, signal) {
      const path = `${pathOf('/iotctl/provisioning/registrations', registrationId)}/forecast`;
      const request = { method: 'GET', path, apiVersion, extension: forecastExtension } as const;
      const answer = await client.request({ ...request, action: `explain ${registrationId}`, signal });
      return parseAnswer(answer, isForecast, 'forecast');
    },
    async close() {
      client.close();
    },
  };
}

function createEnrollmentApi<Enrollment extends object>(
  client: ServiceClient,
  base: string,
  noun: string,
): EnrollmentApi<Enrollment> {
  // Which kind it is follows from the address.
  const fits = isEnrollment as (value: object) => value is Enrollment;
  return {
    async get(id, signal) {
      const action = `read ${noun} ${id}`;
      const answer = await client.request({ method: 'GET', path: pathOf(base, id), apiVersion, action, signal });
      return parseAnswer(answer, fits, noun);
    },
    async attestation(id, signal) {
      const path = `${pathOf(base, id)}/attestationmechanism`;
      const action = `read the keys of ${noun} ${id}`;
      const answer = await client.request({
        method: 'POST',
        path,
        apiVersion,
        action,
        repeatability: 'idempotent',
        signal,
      });
      return parseAnswer(answer, isAttestation, 'attestation');
    },
    async put(id, body, { etag, signal } = {}) {
      const answer = await client.request({
        method: 'PUT',
        path: pathOf(base, id),
        apiVersion,
        ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
        body,
        action: `write ${noun} ${id}`,
        signal,
      });
      return parseAnswer(answer, fits, noun);
    },
    async delete(id, { etag, signal } = {}) {
      await client.request({
        method: 'DELETE',
        path: pathOf(base, id),
        apiVersion,
        ...(etag !== undefined && { headers: { 'If-Match': ifMatch(etag) } }),
        action: `delete ${noun} ${id}`,
        signal,
      });
    },
    list: (signal) => readPages<Enrollment>(client, base, `list the ${noun}s`, signal),
  };
}

/** An empty page with a continuation is legal. */
async function* readPages<Item>(
  client: ServiceClient,
  base: string,
  action: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Item[], void, undefined> {
  let continuation: string | undefined;
  do {
    const answer = await client.request({
      method: 'POST',
      path: `${base}/query`,
      apiVersion,
      ...(continuation !== undefined && { headers: { 'x-ms-continuation': continuation } }),
      body: { query: 'SELECT *' },
      action,
      repeatability: 'idempotent',
      signal,
    });
    const items = parseAnswer(answer, isList<Item>, 'list');
    if (items.length > 0) yield items;
    const next = answer.headers['x-ms-continuation'];
    continuation = typeof next === 'string' && next !== '' ? next : undefined;
  } while (continuation !== undefined);
}

function isEnrollment(value: object): boolean {
  return 'attestation' in value;
}

function pathOf(base: string, id: string): string {
  return `${base}/${encodeURIComponent(id)}`;
}

function isList<Item>(value: object): value is Item[] {
  return Array.isArray(value);
}

function isAttestation(value: object): value is Attestation {
  return 'type' in value && typeof value.type === 'string';
}

function isRegistration(value: object): value is RegistrationState {
  return 'registrationId' in value && 'status' in value;
}

function isForecast(value: object): value is RegistrationForecast {
  return 'registrationId' in value && 'candidates' in value;
}

function hasIdScope(value: object): value is { readonly idScope: string } {
  return 'idScope' in value && typeof value.idScope === 'string';
}
