import type { JsonObject } from '../../../std/json.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { Clock } from '../../../std/clock.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { contentOf, readSection } from '../../../protocol/twin/index.ts';
import type { MessageCounts } from '../messages/service.ts';
import type { DeviceRecord } from '../ports.ts';
import { pathOf, type DeviceRecords } from '../records.ts';
import { checkTwinEtag, identityNotFound } from '../registry/preconditions.ts';
import type { IfMatch, TwinService } from '../services.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { fieldsOf } from '../untrusted.ts';
import {
  clearNulledSections,
  mergeReported,
  mergeTwin,
  parseTwinDraft,
  replaceTwin,
  type TwinDraft,
} from './twin-change.ts';
import { viewTwin } from './twin-view.ts';

export interface TwinParts {
  readonly records: DeviceRecords;
  readonly sessions: Pick<Sessions, 'find' | 'flushStates'>;
  readonly messages: MessageCounts;
  readonly clock: Clock;
}

/** Twins by the rules of service.md §3 and device.md §6. An identity that listens hears of desired changes in version order. */
export function createTwins({ records, sessions, messages, clock }: TwinParts): TwinService {
  async function write(
    identity: IdentityPath,
    ifMatch: IfMatch,
    next: (record: DeviceRecord) => {
      record: DeviceRecord;
      notice: JsonObject | undefined;
      operation?: 'replaceTwin';
    },
  ) {
    const written = await records.change(
      identity,
      (before) => {
        if (before === undefined) throw identityNotFound(identity);
        checkTwinEtag(before, ifMatch);
        const result = next(before);
        const { record, operation } = result;
        return { write: record, result, ...(operation === undefined ? {} : { operation }) };
      },
      ({ record, notice }) => {
        if (notice !== undefined) notifyDesired(sessions, record, notice);
      },
    );
    return viewTwin(written.record, messages);
  }

  return {
    async get(identity) {
      await sessions.flushStates();
      return viewTwin(await records.read(identity), messages);
    },
    async patch(identity, body, ifMatch) {
      const sent = readDraft(body);
      return write(identity, ifMatch, (record) => {
        const draft = clearNulledSections(sent, body, record);
        return { record: mergeTwin(record, draft, clock.now()), notice: draft.desired };
      });
    },
    async replace(identity, body, ifMatch) {
      const draft = readDraft(body);
      return write(identity, ifMatch, (record) => ({
        record: replaceTwin(record, draft, clock.now()),
        notice: draft.desired ?? {},
        operation: 'replaceTwin',
      }));
    },
    async readAsDevice(identity) {
      const record = await records.read(identity);
      return {
        desired: readSection(record.desired, { metadata: false }),
        reported: readSection(record.reported, { metadata: false }),
      };
    },
    async patchReported(identity, patch, baseVersion) {
      const content = readReported(patch);
      return records.change(identity, (before) => {
        if (before === undefined) throw identityNotFound(identity);
        if (baseVersion !== undefined && baseVersion !== before.reported.version) {
          throw new HubError(
            'PreconditionFailed',
            `The reported properties are at version ${before.reported.version}, not ${baseVersion}.`,
          );
        }
        const record = mergeReported(before, content, clock.now());
        return { write: record, result: record.reported.version };
      });
    },
  };
}

function readDraft(body: unknown): TwinDraft {
  return parseTwinDraft(fieldsOf(body, 'The twin'));
}

/** `$version` of a device's patch is allowed and ignored; it is not content (device.md §6). */
function readReported(patch: unknown): JsonObject {
  fieldsOf(patch, 'The reported properties');
  return contentOf(patch as JsonObject);
}

/** Tells a connected device what changed: the service's patch, nulls kept, with the new version. Source: device.md §2.6. */
export function notifyDesired(sessions: Pick<Sessions, 'find'>, record: DeviceRecord, patch: JsonObject): void {
  const { version } = record.desired;
  sessions.find(pathOf(record))?.sendDesired({ ...patch, $version: version }, version);
}
