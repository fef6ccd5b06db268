/** What a hub of iotctl notes of who did what to it. An extension of ours. */
import type { ChainEnd, Link } from '../std/hash-chain.ts';
import type { JsonObject } from '../std/json.ts';

/** Where entries are read: `?after=SEQ&limit=N`. */
export const auditPath = '/iotctl/audit';

/** Entries of one page, at most. */
export const auditPageSize = 1_000;

/**
 * Every event there is, by its id: its category and its type. With the time, the source and the result these are the six fields
 * that IEC 62443-4-2 (CR 2.8) asks of a record.
 */
export const auditEvents = {
  'identity.write': ['registry', 'change'],
  'identity.delete': ['registry', 'change'],
  'identity.bulk': ['registry', 'change'],
  'keys.read': ['keys', 'read'],
  'keys.regenerate': ['keys', 'change'],
  'twin.write': ['twins', 'change'],
  'command.invoke': ['commands', 'use'],
  'message.send': ['messages', 'use'],
  'message.purge': ['messages', 'change'],
  'message.requeue': ['messages', 'change'],
  'configuration.write': ['configurations', 'change'],
  'configuration.delete': ['configurations', 'change'],
  'configuration.apply': ['configurations', 'change'],
  'job.write': ['jobs', 'change'],
  'registry-job.write': ['jobs', 'change'],
  'enrollment.write': ['provisioning', 'change'],
  'enrollment.delete': ['provisioning', 'change'],
  'enrollment.keys-read': ['keys', 'read'],
  'registration.delete': ['provisioning', 'change'],
  'certificate.write': ['certificates', 'change'],
  'certificate.delete': ['certificates', 'change'],
  'record.write': ['records', 'change'],
  'record.delete': ['records', 'change'],
  'artifact.write': ['artifacts', 'change'],
  'artifact.sign': ['artifacts', 'use'],
  'container.grant': ['files', 'use'],
  'fault.write': ['hub', 'change'],
  'access.refused': ['access', 'refusal'],
  'session.takeover': ['sessions', 'security'],
  'session.revoked': ['sessions', 'security'],
  'hub.start': ['hub', 'state'],
  'hub.stop': ['hub', 'state'],
  'hub.backup': ['hub', 'use'],
  'hub.restore': ['hub', 'change'],
  'audit.prune': ['audit', 'change'],
} as const satisfies Readonly<Record<string, readonly [category: string, type: string]>>;

export type AuditEvent = keyof typeof auditEvents;

/**
 * `done`: it is stored, in one transaction with this entry; `accepted`: it was let begin; `refused`: it was not, or failed;
 * `noticed`: nobody asked for it.
 */
export type AuditResult = 'done' | 'accepted' | 'refused' | 'noticed';

/** What is to be noted. Texts may come from anybody; they are cut to size and never trusted. */
export interface AuditNote {
  /** Unix milliseconds. */
  readonly at: number;
  readonly event: AuditEvent;
  /** Who: `policy iothubowner`, `device pump-1`, `hub`, `user ada`; as proved, or as said where it was refused. */
  readonly source: string;
  /** The address it came from; undefined where there is none. */
  readonly address?: string | undefined;
  readonly result: AuditResult;
  /** What it was done to: identities, names of records and the like. */
  readonly targets: readonly string[];
  readonly details?: JsonObject | undefined;
}

/** One entry of the audit. JSON keys are stable. */
export interface AuditEntry extends Link {
  /** ISO 8601. */
  readonly at: string;
  readonly source: string;
  readonly address: string | null;
  readonly category: string;
  readonly type: string;
  readonly event: string;
  readonly result: string;
  readonly targets: readonly string[];
  readonly details: JsonObject;
}

/** What the chain's ends should be, as the hub keeps them beside the entries. */
export interface AuditEnds {
  /** The entry before the first one that is kept; number 0 while all are. */
  readonly anchor: ChainEnd;
  /** The last entry that was written. */
  readonly head: ChainEnd;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly ends: AuditEnds;
}

/** What a hub's first entry follows. */
export const auditChainName = 'iotctl hub audit v1';
