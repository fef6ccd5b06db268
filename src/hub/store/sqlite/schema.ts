/** The tables of the registry, as migrations made them. Times are Unix milliseconds, 0 is never; JSON columns hold text. */
import type { Generated } from 'kysely';
import type { AuthenticationType, ConnectionState, DeviceStatus } from '../../../protocol/identity.ts';

/** Device and, with a module id, module identities. Small rows, because every connect and every activity writes one. */
export interface IdentityTable {
  readonly id: Generated<number>;
  readonly device_id: string;
  /** Empty for the device itself. */
  readonly module_id: Generated<string>;
  readonly generation_id: string;
  readonly revision: number;
  readonly identity_counter: number;
  readonly twin_counter: number;
  readonly twin_version: number;
  readonly status: DeviceStatus;
  readonly status_reason: string | null;
  readonly status_updated_time: number;
  readonly auth_type: AuthenticationType;
  readonly primary_key: string | null;
  readonly secondary_key: string | null;
  readonly primary_thumbprint: string | null;
  readonly secondary_thumbprint: string | null;
  /** 0 or 1. */
  readonly iot_edge: number;
  readonly model_id: string;
  readonly managed_by: string | null;
  readonly device_scope: string | null;
  /** JSON array. */
  readonly parent_scopes: string;
  readonly connection_state: ConnectionState;
  readonly connection_state_updated_time: number;
  readonly last_activity_time: number;
}

/** The twin of each identity; goes with it. */
export interface TwinTable {
  readonly id: number;
  readonly tags: string;
  readonly desired: string;
  readonly desired_version: number;
  readonly desired_metadata: string;
  readonly reported: string;
  readonly reported_version: number;
  readonly reported_metadata: string;
  /** JSON object by the id of the configuration. */
  readonly configurations: string;
  /** Of the twin and its identity, save when it was connected last; see checksums.ts. */
  readonly checksum: Generated<number | null>;
}

/** Stored MQTT sessions (clean session 0); a session goes with its identity. */
interface SessionTable {
  readonly id: number;
  /** JSON array of topic filters. */
  readonly filters: string;
}

interface SettingTable {
  readonly name: string;
  /** JSON. */
  readonly value: string;
}

export interface RegistrySchema {
  readonly identities: IdentityTable;
  readonly twins: TwinTable;
  readonly sessions: SessionTable;
  readonly settings: SettingTable;
}
