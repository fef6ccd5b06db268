/** The records of one rollout as its controller reads and writes them. */
import type { RecordStore } from '../../../client/records.ts';
import { Failure, isFailure } from '../../../errors/index.ts';
import { canonicalJson } from '../../../std/canonical-json.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Intent, State } from '../model/record.ts';
import { noIntent, parseIntent, recordNames, type AuditHead, type AuditNote } from '../records/index.ts';

export interface StateStore {
  /** Failure `changed-meanwhile`: another has written it, so another drives. */
  write(state: State, audit: AuditHead | undefined, findings: readonly AuditNote[], signal: AbortSignal): Promise<void>;
}

/** `etag` is that of the state as it was read; undefined when there was none. */
export function createStateStore(records: RecordStore, id: string, etag: string | undefined): StateStore {
  const { state: name } = recordNames(id);
  let current = etag;
  /** What was sent when no answer came: it may stand there. */
  let doubtful: string | undefined;
  return {
    async write(state, audit, findings, signal) {
      const value = {
        format: 1,
        state: state as unknown as JsonObject,
        ...(audit && { audit: { ...audit } }),
        findings: findings as unknown as JsonObject[],
      };
      if (doubtful !== undefined) {
        const record = await records.read(name, signal);
        if (record !== undefined && canonicalJson(record.value) === doubtful) current = record.etag;
        doubtful = undefined;
      }
      try {
        current = await records.write(name, value, { etag: current ?? 'none', signal });
      } catch (error) {
        if (!isFailure(error, 'changed-meanwhile')) {
          // What JSON leaves out is not compared.
          doubtful = canonicalJson(JSON.parse(JSON.stringify(value)) as JsonObject);
          throw error;
        }
        throw new Failure('changed-meanwhile', `another controller drives "${id}": its state was changed`, {
          cause: error,
        });
      }
    },
  };
}

/** What is asked of a rollout now. */
export async function readIntent(records: RecordStore, id: string, signal: AbortSignal): Promise<Intent> {
  const { intent: name } = recordNames(id);
  const record = await records.read(name, signal);
  return record === undefined ? noIntent : parseIntent(record.value, name).intent;
}
