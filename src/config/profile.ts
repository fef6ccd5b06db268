import type { Failure } from '../errors/index.ts';
/** A profile names a hub and how to authenticate. Secrets are stored apart (keychain, or a 0600 file). */
export interface Profile {
  readonly name: string;
  /** `local` is the hub iotctl carries; `cloud` is Azure IoT Hub. */
  readonly kind: 'local' | 'cloud';
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  /** Base URL of the service API when it is not `https://{hostName}`; local hubs on moved ports. */
  readonly serviceUrl?: string;
  /** MQTT endpoint for devices, `mqtts://host:port`. */
  readonly deviceUrl?: string;
  /** PEM file of the CA that signs the hub's certificate. */
  readonly caFile?: string;
  /** Changes ask for the profile's name first. */
  readonly protected?: boolean;
}

/** A profile with its key, ready to connect. */
export interface Connection extends Profile {
  readonly sharedAccessKey: string;
  /** Where the choice came from, for `doctor` and errors. */
  readonly source: 'flag' | 'environment' | 'profile';
  /** Built from a connection string; there is no profile of this name. */
  readonly fromConnectionString?: true;
}

/** Where secrets of a profile are kept. */
type SecretPlace = 'keychain' | 'file';

/** Profiles and credentials. Writers never lose each other's work: one file per profile, written atomically, 0600. */
export interface ProfileStore {
  /** In the order of their names. One that cannot be read is told and left out, or is a failure when nobody listens. */
  list(onUnreadable?: (failure: Failure) => void): Promise<readonly Profile[]>;
  get(name: string): Promise<Profile>;
  /** Creates or, with `replace`, replaces. Failure `conflict` when it exists. */
  save(profile: Profile, sharedAccessKey: string, options?: { replace?: boolean }): Promise<{ secret: SecretPlace }>;
  remove(name: string): Promise<void>;
  /** The selected profile's name, undefined when none. */
  selected(): Promise<string | undefined>;
  select(name: string): Promise<void>;
  /** The profile with its key. */
  connect(name: string): Promise<Connection>;
}
