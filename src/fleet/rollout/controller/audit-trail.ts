import type { RecordStore } from '../../../client/records.ts';
import { canonicalJson } from '../../../std/canonical-json.ts';
import { wellFormed } from '../../../std/hash-chain.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Finding } from '../model/decision.ts';
import type { ObservedDevice } from '../model/observed.ts';
import {
  createdNote,
  openAuditLog,
  readAudit,
  type AuditHead,
  type AuditNote,
  type RolloutHeader,
  type StoredState,
} from '../records/index.ts';

/**
 * What a controller has to say in the audit: what it found, and what devices report. Findings are stored with the state they belong to
 * and appended after it, so that neither is there without the other; whoever takes over appends what the one before could not.
 */
export interface AuditTrail {
  /** Findings that wait to be appended: they belong into the state record. */
  readonly findings: readonly AuditNote[];
  readonly head: AuditHead | undefined;
  find(findings: readonly Finding[], now: number): void;
  /** Looks at devices that have changed: a report that says something new is one entry. */
  report(devices: Iterable<ObservedDevice>): void;
  readonly isWaiting: boolean;
  /** Appends what waits. What could not be appended goes on waiting. */
  append(signal: AbortSignal): Promise<void>;
}

type Said = Pick<AuditNote, 'actor' | 'action' | 'details'>;

/** Reads the audit that is there, to know what it says already. */
export async function openAuditTrail(
  records: RecordStore,
  header: RolloutHeader,
  stored: { readonly state: StoredState | undefined; readonly head: AuditHead | undefined },
  { holder, signal }: { readonly holder: string; readonly signal: AbortSignal },
): Promise<AuditTrail> {
  const { id } = header.spec;
  const reported = new Map<string, string>();
  const written = new Set<string>();
  let isEmpty = true;
  for await (const entries of readAudit(records, id, signal))
    for (const entry of entries) {
      isEmpty = false;
      if (entry.action === 'report') reported.set(entry.actor, keyOfReport(entry.details));
      if (entry.seq > (stored.state?.audit?.seq ?? 0)) written.add(keyOfNote(entry));
    }
  const log = openAuditLog(records, id, stored.head);
  const actor = `controller ${holder}`;
  let findings: AuditNote[] = [
    ...(isEmpty ? [createdNote(header)] : []),
    ...(stored.state?.findings ?? []).filter((note) => !written.has(keyOfNote(note))),
  ];
  let reports: AuditNote[] = [];

  return {
    get findings() {
      return findings;
    },
    get head() {
      return log.head ?? stored.head;
    },
    get isWaiting() {
      return findings.length + reports.length > 0;
    },
    find(found, now) {
      const at = new Date(now).toISOString();
      for (const { action, details } of found) findings.push({ at, actor, action, details: { ...details } });
    },
    report(devices) {
      for (const { deviceId, report } of devices) {
        if (report === undefined || report.value.rollout !== id) continue;
        const details = detailsOf(report.value);
        const key = keyOfReport(details);
        if (reported.get(deviceId) === key) continue;
        reported.set(deviceId, key);
        reports.push({ at: new Date(report.at).toISOString(), actor: deviceId, action: 'report', details });
      }
    },
    async append(signal_) {
      const [found, said] = [findings, reports];
      if (found.length + said.length === 0) return;
      await log.append([...found, ...said], signal_);
      findings = findings.slice(found.length);
      reports = reports.slice(said.length);
    },
  };
}

/** What a report says beyond how far a download has come. */
function detailsOf(report: NonNullable<ObservedDevice['report']>['value']): JsonObject {
  const { attempt, seq, state, version, digest, code, message, bootCount } = report;
  return {
    attempt,
    seq,
    state,
    version,
    digest,
    bootCount,
    ...(typeof code === 'string' && { code }),
    ...(typeof message === 'string' && { message }),
  };
}

function keyOfReport({ attempt, state, code = null, digest = null }: JsonObject): string {
  return JSON.stringify([attempt, state, code, digest]);
}

function keyOfNote({ actor, action, details }: Said): string {
  // Of entries, half a surrogate pair in the words of a device has become whole; of findings not yet.
  return canonicalJson(wellFormed([actor, action, details]));
}
