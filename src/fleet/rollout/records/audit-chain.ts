/** The audit of a rollout: entries that each carry the hash of the one before, in records that are only ever created. */
import { z } from 'zod';
import { Failure, isFailure } from '../../../errors/index.ts';
import { emptyChain, linkEntry, wellFormed, type ChainEnd } from '../../../std/hash-chain.ts';
import type { JsonObject, JsonValue } from '../../../std/json.ts';
import { lotsOf } from '../../../std/lots.ts';
import type { RecordStore } from '../../../client/records.ts';
import type { AuditEntry } from '../model/record.ts';
import type { AuditHead, AuditNote } from './documents.ts';
import { recordNames } from './names.ts';

/** Entries of one record. Small enough for a record, large enough that a fleet's reports are few writes. */
const entriesPerRecord = 500;

const entrySchema = z.strictObject({
  seq: z.int().min(1),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  details: z.record(z.string(), z.unknown()),
  previous: z.string(),
  hash: z.string(),
});

const recordSchema = z.strictObject({ format: z.literal(1), entries: z.array(entrySchema).min(1) });

/** What the first entry follows; an audit of one rollout is never one of another. */
export function emptyAudit(id: string): AuditHead {
  return { record: 0, ...emptyChain(`iotctl rollout audit v1\n${id}`) };
}

/** undefined for a record that is none. */
export function entriesOf(value: JsonObject): readonly AuditEntry[] | undefined {
  const parsed = recordSchema.safeParse(value);
  return parsed.success ? (parsed.data.entries as readonly AuditEntry[]) : undefined;
}

/** The end of a rollout's audit. Several programs may append at once: the name of the next record can be taken only once. */
export interface AuditLog {
  /** Answers where the audit ends now. Entries are on disk then. Nothing is appended twice when an answer is lost. */
  append(notes: readonly AuditNote[], signal?: AbortSignal): Promise<AuditHead>;
  /** The end as far as this program knows; undefined before the first append. */
  readonly head: AuditHead | undefined;
}

/** `known` is an end that somebody has noted: it saves reading everything before it. */
export function openAuditLog(records: RecordStore, id: string, known?: AuditHead): AuditLog {
  const names = recordNames(id);
  let head = known ?? emptyAudit(id);
  let isCurrent = false;

  /** Moves on over what others have appended; answers the first of those records. */
  async function catchUp(signal: AbortSignal | undefined): Promise<readonly AuditEntry[] | undefined> {
    let first: readonly AuditEntry[] | undefined;
    for (;;) {
      const name = names.auditRecord(head.record + 1);
      const record = await records.read(name, signal);
      if (record === undefined) return first;
      const last = entriesOf(record.value);
      const end = last?.at(-1);
      if (end === undefined) throw new Failure('data-unusable', `the record ${name} is no part of an audit`);
      first ??= last;
      head = { record: head.record + 1, seq: end.seq, hash: end.hash };
    }
  }

  async function appendLot(notes: readonly AuditNote[], signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const entries = chain(head, notes);
      const end = entries.at(-1);
      if (end === undefined) return;
      const number = head.record + 1;
      try {
        const value = { format: 1, entries: entries as unknown as JsonValue };
        await records.write(names.auditRecord(number), value, { etag: 'none', ...(signal && { signal }) });
        head = { record: number, seq: end.seq, hash: end.hash };
        return;
      } catch (error) {
        if (!isFailure(error, 'changed-meanwhile')) throw error;
        const first = await catchUp(signal);
        if (first === undefined) throw error;
        // The answer to the first try was lost: what stands there is this.
        if (first.at(-1)?.hash === end.hash) return;
      }
    }
  }

  return {
    async append(notes, signal) {
      if (!isCurrent) await catchUp(signal);
      isCurrent = true;
      for await (const lot of lotsOf(notes, entriesPerRecord)) await appendLot(lot, signal);
      return head;
    },
    get head() {
      return isCurrent ? head : known;
    },
  };
}

function chain(head: AuditHead, notes: readonly AuditNote[]): readonly AuditEntry[] {
  const entries: AuditEntry[] = [];
  let end: ChainEnd = head;
  for (const { at, actor, action, details } of notes) {
    const entry = linkEntry(end, { at, actor, action, details: wellFormed(details) as JsonObject });
    entries.push(entry);
    end = entry;
  }
  return entries;
}
