import type { RecordStore } from '../../../client/records.ts';
import { Failure, isFailure } from '../../../errors/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Intent } from '../model/record.ts';
import { openAuditLog } from './audit-chain.ts';
import type { AuditNote } from './documents.ts';
import { recordNames } from './names.ts';
import { readRollout, type StoredRollout } from './read-rollout.ts';

interface IntentChange {
  /** What the audit says of it. */
  readonly note: AuditNote;
  /** The new intent; undefined when the rollout is there already. Called again when another changed it meanwhile; may throw a Failure. */
  readonly change: (rollout: StoredRollout) => Intent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How often another may be faster. */
const tries = 10;

/**
 * Changes what operators ask of a rollout, and says so in its audit first: a change that is in force always has its entry. Answers the
 * intent in force, and whether it was changed. Failures: rollout-not-found, changed-meanwhile, and those of `change`.
 */
export async function changeIntent(
  records: RecordStore,
  id: string,
  { note, change, signal }: IntentChange,
): Promise<{ readonly intent: Intent; readonly changed: boolean }> {
  const names = recordNames(id);
  let audit: StoredRollout['audit'];
  for (let attempt = 1; ; attempt++) {
    const rollout = await readRollout(records, id, signal);
    const intent = change(rollout);
    if (intent === undefined) return { intent: rollout.intent, changed: false };
    audit ??= await openAuditLog(records, id, rollout.audit).append([note], signal);
    try {
      const value = { format: 1, intent: intent as unknown as JsonObject, audit: { ...audit } };
      const etag = rollout.intentEtag ?? 'none';
      await records.write(names.intent, value, { etag, ...(signal && { signal }) });
      return { intent, changed: true };
    } catch (error) {
      if (!isFailure(error, 'changed-meanwhile')) throw error;
      if (attempt >= tries)
        throw new Failure('changed-meanwhile', `others keep changing what is asked of the rollout "${id}"`, {
          cause: error,
        });
    }
  }
}
