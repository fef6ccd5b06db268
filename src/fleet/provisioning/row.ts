import type { FailureCode } from '../../errors/index.ts';
import type { DeviceStatus } from '../../protocol/identity.ts';
import type { JsonObject } from '../../std/json.ts';

/** How a device is known by its certificate: a CA that the hub has verified signed it, or by its digests. */
export type DeviceCertificate = 'authority' | { readonly primary: string; readonly secondary?: string | undefined };

/** A device as it shall be. What is absent is left as it is, or made by the hub (keys). */
export interface DeviceRow {
  readonly kind: 'device';
  readonly deviceId: string;
  /** Line of the input file, from 1. */
  readonly line?: number | undefined;
  /** Base64 of 16 to 64 bytes. */
  readonly key?: string | undefined;
  readonly secondaryKey?: string | undefined;
  /** Certificates instead of keys. */
  readonly certificate?: DeviceCertificate | undefined;
  readonly status?: DeviceStatus | undefined;
  /** Merged into the tags that are there. */
  readonly tags?: JsonObject | undefined;
  /** Merged into the desired properties that are there. */
  readonly desired?: JsonObject | undefined;
}

/** A line of the input that says no device. */
interface BadRow {
  readonly kind: 'bad';
  readonly line: number;
  /** Empty when the line does not even have an id. */
  readonly deviceId: string;
  readonly reason: string;
}

export type InputRow = DeviceRow | BadRow;

export type ProvisionOutcome = 'created' | 'updated' | 'unchanged' | 'failed';

/** What became, or with a dry run would become, of one row. */
export interface ProvisionResult {
  readonly deviceId: string;
  readonly line?: number | undefined;
  readonly outcome: ProvisionOutcome;
  /** Why it failed, or what was updated. */
  readonly reason?: string | undefined;
  readonly code?: FailureCode | undefined;
  /** Only when asked for. Secret. */
  readonly connectionString?: string | undefined;
}

export interface ProvisionSummary {
  created: number;
  updated: number;
  unchanged: number;
  failed: number;
}

export function emptySummary(): ProvisionSummary {
  return { created: 0, updated: 0, unchanged: 0, failed: 0 };
}

/** What is wrong with a symmetric key, or undefined. Source: service.md §2.3. */
export function keyProblem(key: string): string | undefined {
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(key) && key.length % 4 === 0 ? Buffer.from(key, 'base64').length : 0;
  return bytes >= 16 && bytes <= 64 ? undefined : 'the key is not base64 of 16 to 64 bytes';
}

/** What is wrong with the digest of a certificate, or undefined. Source: service.md §2.3. */
export function thumbprintProblem(text: string): string | undefined {
  return /^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/.test(text)
    ? undefined
    : 'the thumbprint is not 40 or 64 hexadecimal digits without separators';
}
