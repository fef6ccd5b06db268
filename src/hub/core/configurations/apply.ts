import { isDeepStrictEqual } from 'node:util';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DeviceRecord } from '../ports.ts';
import type { DeviceRecords } from '../records.ts';
import { identityNotFound } from '../registry/preconditions.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { mergeTwin, replaceTwin } from '../twins/twin-change.ts';
import { notifyDesired } from '../twins/twins.ts';
import { holds } from './content.ts';

export interface ApplyParts {
  readonly records: DeviceRecords;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly clock: Clock;
}

export interface TwinWrite {
  /** Merged into the desired properties, or put in their place; undefined leaves them. */
  readonly desired?: { readonly content: JsonObject; readonly replace: boolean } | undefined;
  /** The twin's configurations from now on; undefined leaves them. */
  readonly configurations?: ((before: JsonObject) => JsonObject) | undefined;
}

/** Writes desired properties and configurations of one twin together; nothing when nothing changes. HubErrors of a twin write. */
export async function writeTwin(
  { records, sessions, clock }: ApplyParts,
  identity: IdentityPath,
  { desired, configurations }: TwinWrite,
): Promise<void> {
  const before = await records.read(identity);
  if (isDone(before, { desired, configurations })) return;
  await records.change(
    identity,
    (record) => {
      if (record === undefined) throw identityNotFound(identity);
      const changed =
        desired === undefined || hasDesired(record, desired) ? countOnly(record) : change(record, desired);
      const write = { ...changed, configurations: configurations?.(record.configurations) ?? record.configurations };
      return { write, result: { write, told: changed.desired !== record.desired } };
    },
    ({ write, told }) => {
      if (told && desired !== undefined) notifyDesired(sessions, write, desired.content);
    },
  );

  function change(record: DeviceRecord, { content, replace }: NonNullable<TwinWrite['desired']>): DeviceRecord {
    const now = clock.now();
    return replace
      ? replaceTwin(record, { tags: record.tags, desired: content }, now)
      : mergeTwin(record, { tags: undefined, desired: content }, now);
  }
}

function isDone(record: DeviceRecord, { desired, configurations }: TwinWrite): boolean {
  if (desired !== undefined && !hasDesired(record, desired)) return false;
  return (
    configurations === undefined || isDeepStrictEqual(configurations(record.configurations), record.configurations)
  );
}

function hasDesired({ desired }: DeviceRecord, wanted: NonNullable<TwinWrite['desired']>): boolean {
  return wanted.replace ? isDeepStrictEqual(desired.content, wanted.content) : holds(desired.content, wanted.content);
}

/** The configurations of a twin are not content: they move its version, not its etag. */
function countOnly(record: DeviceRecord): DeviceRecord {
  return { ...record, revision: record.revision + 1, twinVersion: record.twinVersion + 1 };
}
