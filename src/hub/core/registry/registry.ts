import { HubError } from '../../../protocol/hub-errors.ts';
import { deviceIdProblem } from '../../../protocol/device-id.ts';
import type { RegistryService } from '../services.ts';
import { fieldsOf, stringField, type Fields } from '../untrusted.ts';
import { createBulk } from './bulk.ts';
import { endSessionAfter } from './end-session.ts';
import { newDeviceRecord, replaceIdentity } from './device-records.ts';
import { parseIdentityDraft } from './identity-draft.ts';
import { viewIdentity } from './identity-view.ts';
import type { RegistryParts } from './parts.ts';
import { checkDelete, checkPut } from './preconditions.ts';

/** Identities by the rules of service.md §2. Whoever loses the right to be connected is disconnected in the same step. */
export function createRegistry(parts: RegistryParts): RegistryService {
  const { store, records, sessions, clock } = parts;
  return {
    async get(deviceId) {
      await sessions.flushStates();
      return viewIdentity(await records.read(deviceId));
    },
    async list(top) {
      await sessions.flushStates();
      return (await store.list(top)).map(viewIdentity);
    },
    async put(deviceId, body, ifMatch) {
      const fields = readIdentityBody(deviceId, body);
      const draft = parseIdentityDraft(fields);
      const written = await records.change(
        deviceId,
        (before) => {
          checkPut(deviceId, before, ifMatch);
          const now = clock.now();
          const write =
            before === undefined ? newDeviceRecord(deviceId, draft, now) : replaceIdentity(before, draft, now);
          return { write, result: { before, after: write } };
        },
        ({ before, after }) => endSessionAfter(sessions, before, after),
      );
      return viewIdentity(written.after);
    },
    async delete(deviceId, ifMatch) {
      await records.change(
        deviceId,
        (before) => {
          checkDelete(deviceId, before, ifMatch);
          return { remove: true, result: undefined };
        },
        () => sessions.end(deviceId, 'deleted'),
      );
    },
    bulk: createBulk(parts),
    async counts() {
      await sessions.flushStates();
      return store.counts();
    },
  };
}

/** Checks the id of the path and that the body does not name another. */
function readIdentityBody(deviceId: string, body: unknown): Fields {
  const problem = deviceIdProblem(deviceId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `The device id ${problem}.`);
  const fields = fieldsOf(body, 'The device');
  const named = stringField(fields, 'deviceId');
  if (named !== undefined && named !== deviceId) {
    throw new HubError('ArgumentInvalid', 'deviceId in the body differs from the one in the path.');
  }
  return fields;
}
