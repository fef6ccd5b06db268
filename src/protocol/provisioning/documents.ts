/** Documents of the provisioning service's API. Source: service.md §10.2, device.md §5.3. */
import type { JsonObject, JsonValue } from '../../std/json.ts';
import type { DeviceStatus } from '../identity.ts';

export const allocationPolicies = ['hashed', 'geoLatency', 'static', 'custom'] as const;
export type AllocationPolicy = (typeof allocationPolicies)[number];

/** What is told of a certificate; never its key. Times are ISO 8601. */
export interface CertificateInfo {
  readonly subjectName: string;
  readonly sha1Thumbprint: string;
  readonly sha256Thumbprint: string;
  readonly issuerName: string;
  readonly notBeforeUtc: string;
  readonly notAfterUtc: string;
  readonly serialNumber: string;
  readonly version: number;
}

/** `certificate` is PEM, or DER in base64, when written; answers hold `info`. */
export interface EnrolledCertificate {
  readonly certificate?: string;
  readonly info?: CertificateInfo;
}

export interface CertificatePair {
  readonly primary?: EnrolledCertificate;
  readonly secondary?: EnrolledCertificate;
}

export interface Attestation {
  readonly type: 'none' | 'tpm' | 'x509' | 'symmetricKey';
  /** Base64. Answers hold the keys only where they were just set or asked for. */
  readonly symmetricKey?: { readonly primaryKey: string; readonly secondaryKey: string };
  /** Base64 of the public parts. */
  readonly tpm?: { readonly endorsementKey: string; readonly storageRootKey?: string };
  readonly x509?: {
    /** Of one device. */
    readonly clientCertificates?: CertificatePair;
    /** Of a group: the device's chain leads to one of them. */
    readonly signingCertificates?: CertificatePair;
    /** Of a group: names of verified authorities. */
    readonly caReferences?: { readonly primary?: string; readonly secondary?: string };
  };
}

export interface InitialTwin {
  readonly tags?: JsonObject;
  readonly properties?: { readonly desired?: JsonObject };
}

export interface ReprovisionPolicy {
  /** False: a device stays where it was assigned first. */
  readonly updateHubAssignment: boolean;
  /** True: its twin goes along to another hub; false: it begins there with the initial twin. */
  readonly migrateDeviceData: boolean;
}

interface EnrollmentBase {
  readonly attestation: Attestation;
  readonly capabilities: { readonly iotEdge: boolean };
  readonly iotHubHostName?: string;
  readonly initialTwin?: InitialTwin;
  readonly etag: string;
  readonly provisioningStatus: DeviceStatus;
  readonly reprovisionPolicy: ReprovisionPolicy;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly allocationPolicy: AllocationPolicy;
  readonly iotHubs?: readonly string[];
  readonly customAllocationDefinition?: { readonly webhookUrl: string; readonly apiVersion: string };
}

export interface IndividualEnrollment extends EnrollmentBase {
  readonly registrationId: string;
  /** The name the device gets on the hub; the registration id when absent. */
  readonly deviceId?: string;
  readonly registrationState?: RegistrationState;
  readonly optionalDeviceInformation?: JsonObject;
}

export interface EnrollmentGroup extends EnrollmentBase {
  readonly enrollmentGroupId: string;
}

export type RegistrationStatus = 'unassigned' | 'assigning' | 'assigned' | 'failed' | 'disabled';

export type RegistrationSubstatus =
  | 'initialAssignment'
  | 'deviceDataMigrated'
  | 'deviceDataReset'
  | 'reprovisionedToInitialAssignment';

/** Where a registration stands. Times are ISO 8601. */
export interface RegistrationState {
  readonly registrationId: string;
  readonly createdDateTimeUtc: string;
  readonly assignedHub?: string;
  readonly deviceId?: string;
  readonly status: RegistrationStatus;
  readonly substatus?: RegistrationSubstatus;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
  /** What a custom allocation wants the device to have. */
  readonly payload?: JsonValue;
  readonly symmetricKey?: { readonly enrollmentGroupId?: string };
  readonly x509?: {
    readonly enrollmentGroupId?: string;
    readonly certificateInfo: CertificateInfo;
    readonly signingCertificateInfo?: CertificateInfo;
  };
  readonly tpm?: { readonly authenticationKey: string };
}

/** What a device is told about its registration. */
export interface RegistrationOperation {
  readonly operationId: string;
  readonly status: RegistrationStatus;
  readonly registrationState?: Partial<RegistrationState>;
}

/** An extension of iotctl's own service: which enrollment and which hub a device would get, and why. */
export interface RegistrationForecast {
  readonly registrationId: string;
  /** Undefined when none would take the device. */
  readonly enrollment:
    | { readonly kind: 'individual' | 'group'; readonly id: string; readonly reason: string }
    | undefined;
  /** Groups that the device's credentials may match. */
  readonly groups: readonly { readonly id: string; readonly type: Attestation['type']; readonly status: string }[];
  readonly allocationPolicy: string | undefined;
  readonly candidates: readonly string[];
  /** Undefined when it depends on the device or a webhook, or when no hub is left. */
  readonly hub: string | undefined;
  readonly reason: string;
  readonly deviceId: string | undefined;
  readonly initialTwin: JsonObject | undefined;
  readonly iotEdge: boolean;
  readonly registration: RegistrationState | undefined;
}

export const bulkEnrollmentModes = ['create', 'update', 'updateIfMatchETag', 'delete'] as const;
export type BulkEnrollmentMode = (typeof bulkEnrollmentModes)[number];

/** How many enrollments one bulk request may hold. */
export const bulkEnrollmentLimit = 10;

export interface BulkEnrollmentResult {
  readonly isSuccessful: boolean;
  readonly errors: readonly {
    /** Of an individual enrollment. */
    readonly registrationId?: string;
    readonly enrollmentGroupId?: string;
    readonly errorCode: number;
    readonly errorStatus: string;
  }[];
}
