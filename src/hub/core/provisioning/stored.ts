/** Enrollments and registrations as they are kept. */
import type { JsonObject } from '../../../std/json.ts';
import type { DocumentStore } from '../ports.ts';
import type { AllocationPolicy, RegistrationState, ReprovisionPolicy } from '../../../protocol/provisioning/index.ts';
import type { DeviceStatus } from '../../../protocol/identity.ts';

export type StoredAttestation =
  | { readonly type: 'symmetricKey'; readonly primaryKey: string; readonly secondaryKey: string }
  | { readonly type: 'tpm'; readonly endorsementKey: string; readonly storageRootKey?: string }
  /** DER in base64: certificates of the device, or ones that sign those of a group's devices. */
  | {
      readonly type: 'x509';
      readonly role: 'client' | 'signing';
      readonly primary?: string;
      readonly secondary?: string;
    }
  /** Names of authorities. */
  | { readonly type: 'x509'; readonly role: 'authority'; readonly primary?: string; readonly secondary?: string };

/** What a service may say of an enrollment. */
export interface EnrollmentDraft {
  readonly attestation: StoredAttestation;
  readonly deviceId?: string;
  readonly optionalDeviceInformation?: JsonObject;
  readonly iotEdge: boolean;
  readonly iotHubHostName?: string;
  readonly iotHubs?: readonly string[];
  readonly tags?: JsonObject;
  readonly desired?: JsonObject;
  readonly status: DeviceStatus;
  readonly reprovisionPolicy: ReprovisionPolicy;
  readonly allocationPolicy: AllocationPolicy;
  readonly webhook?: { readonly webhookUrl: string; readonly apiVersion: string };
}

export interface StoredEnrollment extends EnrollmentDraft {
  /** As it was written; the key of the document is its canonical form. */
  readonly id: string;
  readonly etag: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface StoredRegistration {
  /** What devices and services are told. */
  readonly state: RegistrationState;
  /** Group that took the device; undefined for an individual enrollment. */
  readonly groupId?: string;
  /** The operation that came to this. */
  readonly operationId: string;
}

export const collections = {
  enrollments: 'enrollments',
  groups: 'enrollmentGroups',
  registrations: 'registrations',
  /** `{group}/{registration}`, both canonical: what a group has registered. */
  groupRegistrations: 'groupRegistrations',
} as const;

export type Documents = DocumentStore;

/** Documents are JSON; optional members that are absent stay absent. */
export function toDocument(value: StoredEnrollment | StoredRegistration): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

export function toEnrollment(document: JsonObject): StoredEnrollment {
  return document as unknown as StoredEnrollment;
}

export function toRegistration(document: JsonObject): StoredRegistration {
  return document as unknown as StoredRegistration;
}
