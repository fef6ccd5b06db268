/** The Device Provisioning Service by its REST API, in the cloud or iotctl's own. Source: service.md §10. */
import type { Connection } from '../config/profile.ts';
import type {
  EnrollmentGroup,
  IndividualEnrollment,
  RegistrationForecast,
  RegistrationState,
} from '../protocol/provisioning/index.ts';
import {
  createEnrollmentApi,
  pathOf,
  provisioningApiVersion as apiVersion,
  readPages,
  type EnrollmentApi,
} from './enrollments.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import { createServiceClient, type ClientDependencies } from './http/service-client.ts';

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

function isRegistration(value: object): value is RegistrationState {
  return 'registrationId' in value && 'status' in value;
}

function isForecast(value: object): value is RegistrationForecast {
  return 'registrationId' in value && 'candidates' in value;
}

function hasIdScope(value: object): value is { readonly idScope: string } {
  return 'idScope' in value && typeof value.idScope === 'string';
}
