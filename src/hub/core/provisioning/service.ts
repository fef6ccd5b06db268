/** The Device Provisioning Service: who a device may be, and which hub it belongs to. Source: device.md §5, service.md §10. */
import type { PeerCertificates } from '../services.ts';
import type { JsonValue } from '../../../std/json.ts';
import type {
  Attestation,
  BulkEnrollmentResult,
  EnrollmentGroup,
  IndividualEnrollment,
  RegistrationAddress,
  RegistrationForecast,
  RegistrationOperation,
  RegistrationState,
} from '../../../protocol/provisioning/index.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Continuation token; undefined on the last page. */
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

/**
 * Enrollments of one kind. Ids are compared without regard to case. `ifMatch` is a bare etag or `*`; without it a put creates or
 * replaces. HubErrors: EnrollmentNotFound, EnrollmentConflict, PreconditionFailed, ArgumentInvalid, GenericForbidden (limits).
 */
export interface EnrollmentCollection<Enrollment> {
  get(id: string): Promise<Enrollment>;
  /** Answers the enrollment with the keys that were given or made. `body` is untrusted JSON. */
  put(id: string, body: unknown, ifMatch: string | undefined): Promise<Enrollment>;
  /** Its registrations go with it; devices stay on their hubs. */
  delete(id: string, ifMatch: string | undefined): Promise<void>;
  /** The attestation with its secrets. */
  attestation(id: string): Promise<Attestation>;
  bulk(body: unknown): Promise<BulkEnrollmentResult>;
  /** `query` is the text of the request's body, such as `SELECT * FROM enrollments`. */
  query(query: string, page: PageRequest): Promise<Page<Enrollment>>;
}

export interface RegistrationService {
  /** HubError RegistrationNotFound. */
  get(registrationId: string): Promise<RegistrationState>;
  /** Forgets the registration; the device stays on its hub. */
  delete(registrationId: string, ifMatch: string | undefined): Promise<void>;
  ofGroup(groupId: string, query: string, page: PageRequest): Promise<Page<RegistrationState>>;
  /** What a device of this id would meet: see {@link RegistrationForecast}. */
  explain(registrationId: string): Promise<RegistrationForecast>;
}

/** How a device proves itself to the service. A token wins over a certificate. */
export interface RegistrationCredentials extends RegistrationAddress {
  readonly token?: string | undefined;
  readonly certificates?: PeerCertificates | undefined;
}

export interface RegistrationRequest extends RegistrationCredentials {
  /** Untrusted JSON; undefined for an empty body. */
  readonly body?: JsonValue | undefined;
  /** Address of the device, without port. */
  readonly remote?: string | undefined;
}

/** A registration under way or done. `retryAfter` (seconds) is there until it is done. */
export interface OperationAnswer {
  readonly retryAfter: number | undefined;
  readonly operation: RegistrationOperation;
}

/**
 * What devices ask. HubErrors: IotHubUnauthorizedAccess (wrong credentials, disabled or missing enrollment), ArgumentInvalid,
 * RegistrationNotFound, ThrottlingException; {@link TpmChallenge} for a TPM that has not proved itself yet.
 */
export interface DeviceRegistration {
  /** Begins a registration, or joins the one under way. */
  register(request: RegistrationRequest): Promise<OperationAnswer>;
  status(credentials: RegistrationCredentials, operationId: string): Promise<OperationAnswer>;
  lookup(credentials: RegistrationCredentials): Promise<RegistrationState>;
}

/** Thrown to a TPM: it proves by the key sealed in `authenticationKey` (base64) that it is the enrolled one. */
export class TpmChallenge extends Error {
  override readonly name = 'TpmChallenge';
  readonly authenticationKey: string;
  readonly keyName = 'registration';

  constructor(authenticationKey: string) {
    super('The TPM has to prove itself.');
    this.authenticationKey = authenticationKey;
  }
}

export interface ProvisioningService {
  /** Names this service in every registration; made once per hub. */
  idScope(): Promise<string>;
  readonly enrollments: EnrollmentCollection<IndividualEnrollment>;
  readonly groups: EnrollmentCollection<EnrollmentGroup>;
  readonly registrations: RegistrationService;
  readonly devices: DeviceRegistration;
}
