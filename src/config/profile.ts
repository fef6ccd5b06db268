import type { Failure } from '../errors/index.ts';
/** How a hub is sized in Azure; with {@link HubAddress.units} it decides how fast bulk work goes. */
export const hubTiers = ['F1', 'B1', 'B2', 'B3', 'S1', 'S2', 'S3'] as const;
export type HubTier = (typeof hubTiers)[number];

/** Whether AMQP goes over a WebSocket on port 443: where port 5671 is blocked (`auto`), always or never. */
export const amqpWebSocketModes = ['auto', 'always', 'never'] as const;
export type AmqpWebSocketMode = (typeof amqpWebSocketModes)[number];

/** Which sign-in of Microsoft Entra ID gives the tokens; `default` tries environment, workload identity, CLI and device code. */
export const credentialKinds = ['default', 'environment', 'workload-identity', 'cli', 'device-code'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** Which hub a profile names and how it is reached, whatever opens it. */
export interface HubAddress {
  readonly name: string;
  /** `local` is the hub iotctl carries; `cloud` is Azure IoT Hub. */
  readonly kind: 'local' | 'cloud';
  readonly hostName: string;
  /** Base URL of the service API when it is not `https://{hostName}`; local hubs on moved ports. */
  readonly serviceUrl?: string;
  /** MQTT endpoint for devices, `mqtts://host:port`. */
  readonly deviceUrl?: string;
  /** AMQP endpoint when it is not `amqps://{hostName}:5671`; `amqp://` only on this machine. */
  readonly amqpUrl?: string;
  /** `auto` when absent. */
  readonly amqpWebSockets?: AmqpWebSocketMode;
  /** PEM file of the CA that signs the hub's certificate. */
  readonly caFile?: string;
  /** Changes ask for the profile's name first. */
  readonly protected?: boolean;
  /** Sizes the rate of bulk work; a cloud hub counts as S1 when absent. */
  readonly tier?: HubTier;
  /** Units of the tier; 1 when absent. */
  readonly units?: number;
  /** Consumer group for reading telemetry; `$Default` when absent. */
  readonly consumerGroup?: string;
}

/** Opened by the key of a policy: what a connection string says. */
export interface KeyProfile extends HubAddress {
  readonly auth: 'key';
  readonly sharedAccessKeyName: string;
}

/** Opened by tokens of Microsoft Entra ID. */
export interface EntraProfile extends HubAddress {
  readonly auth: 'entra';
  readonly credential: CredentialKind;
  readonly tenantId?: string;
  readonly clientId?: string;
}

/** A profile names a hub and how to authenticate. Secrets are stored apart (keychain, or a 0600 file). */
export type Profile = KeyProfile | EntraProfile;

interface Chosen {
  /**
   * Where a hub in the cloud has records and firmware files: the address of a storage container with its signature, and in a second line
   * one that only reads.
   */
  readonly storageUrl?: string;
  /** Where the choice came from, for `doctor` and errors. */
  readonly source: 'flag' | 'environment' | 'profile';
  /** Built from a connection string; there is no profile of this name. */
  readonly fromConnectionString?: true;
}

/** A profile with its key, ready to connect. */
export interface KeyConnection extends KeyProfile, Chosen {
  readonly sharedAccessKey: string;
}

/** A profile that gets its tokens when it connects. */
export interface EntraConnection extends EntraProfile, Chosen {
  /** Of the built-in endpoint, which takes no tokens of Entra ID (service.md §1.2); telemetry cannot be read without it. */
  readonly eventHubConnectionString?: string;
}

/** A profile with its secret, ready to connect. */
export type Connection = KeyConnection | EntraConnection;

/** Where secrets of a profile are kept. */
export type SecretPlace = 'keychain' | 'file';

/** Profiles and credentials. Writers never lose each other's work: one file per profile, written atomically, 0600. */
export interface ProfileStore {
  /** In the order of their names. One that cannot be read is told and left out, or is a failure when nobody listens. */
  list(onUnreadable?: (failure: Failure) => void): Promise<readonly Profile[]>;
  get(name: string): Promise<Profile>;
  /**
   * Creates or, with `replace`, replaces. `secret` is the key of the policy; for Entra ID the connection string of the built-in
   * endpoint, where there is one; `storageUrl`, a secret too, is that of {@link Connection}. Failure `conflict` when the profile exists.
   */
  save(
    profile: Profile,
    secret: string | undefined,
    options?: { replace?: boolean; storageUrl?: string | undefined },
  ): Promise<{ secret: SecretPlace | undefined }>;
  /** Where the profile's key is kept; undefined when it has none. Failure profile-not-found. */
  placeOfSecret(name: string): Promise<SecretPlace | undefined>;
  remove(name: string): Promise<void>;
  /** The selected profile's name, undefined when none. */
  selected(): Promise<string | undefined>;
  select(name: string): Promise<void>;
  /** The profile with its secret. */
  connect(name: string): Promise<Connection>;
}
