import { assert, asyncProperty, constantFrom, integer } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../../src/errors/index.ts';
import { openAuditLog, readAudit, recordNames, verifyAudit } from '../../../../src/fleet/rollout/records/index.ts';
import type { AuditEntry } from '../../../../src/fleet/rollout/model/record.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { collect } from '../../../support/memory-hub.ts';
import { memoryRecords } from '../../../support/memory-records.ts';

const id = 'pump-2';
const names = recordNames(id);
const note = (action: string, details: JsonObject = {}) => ({
  at: '2026-01-01T00:00:00.000Z',
  actor: 'controller',
  action,
  details,
});

async function sampleAudit() {
  const records = memoryRecords();
  const log = openAuditLog(records, id);
  for (let lot = 0; lot < 4; lot++) await log.append([0, 1, 2].map((index) => note(`step-${lot}-${index}`)));
  const { head } = log;
  if (head === undefined) throw new Error('nothing was appended');
  const state = { format: 1, intent: { paused: false, approved: [], promoted: [], retries: [] }, audit: { ...head } };
  await records.write(names.intent, state);
  return records;
}

describe('an audit', () => {
  it('is whole after appends, by one or by several at once', async () => {
    const records = memoryRecords();
    const logs = ['a', 'b', 'c'].map(() => openAuditLog(records, id));
    for (let round = 0; round < 5; round++)
      await Promise.all(logs.map((log, index) => log.append([note(`r${round}`), note(`w${index}`)])));
    const verified = await verifyAudit(records, id);
    expect(verified).toMatchObject({ entries: 30, problems: [] });
  });

  it('is appended to once when an answer is lost', async () => {
    const records = memoryRecords();
    let isLost = true;
    const log = openAuditLog(
      {
        ...records,
        write: async (...request) => {
          const etag = await records.write(...request);
          if (!isLost) return etag;
          isLost = false;
          // As a client that tries again after a cut is answered.
          throw new Failure('changed-meanwhile', 'it is there already');
        },
      },
      id,
    );
    await log.append([note('once')]);
    await log.append([note('twice')]);
    const entries = (await collect(readAudit(records, id))).flat();
    expect(entries.map(({ action }) => action)).toEqual(['once', 'twice']);
  });

  it('takes texts of devices that have no canonical form', async () => {
    const records = memoryRecords();
    await openAuditLog(records, id).append([note('report', { message: 'half \ud800 a pair', nested: ['\udc00'] })]);
    expect((await verifyAudit(records, id)).problems).toEqual([]);
  });

  it('goes on from an end that was noted', async () => {
    const records = await sampleAudit();
    const { head } = openAuditLog(records, id);
    expect(head).toBeUndefined();
    await openAuditLog(records, id, { record: 2, seq: 6, hash: await hashOf(records, 6) }).append([note('more')]);
    expect(await verifyAudit(records, id)).toMatchObject({ entries: 13, problems: [] });
  });

  it('shows each way of changing it', async () => {
    const original = await sampleAudit();
    const all = await recordsOf(original);
    const edits: Record<string, (records: JsonObject[]) => (JsonObject | undefined)[]> = {
      'a record is gone': (records) => records.with(1, undefined as never),
      'the last record is gone': (records) => records.with(3, undefined as never),
      'the last two records are gone': (records) => [...records.slice(0, 2), undefined, undefined],
      'records change places': ([first = {}, second = {}, ...rest]) => [second, first, ...rest],
      'a record stands twice': ([first = {}, second = {}, ...rest]) => [first, second, second, ...rest.slice(1)],
      'a record is emptied': (records) => records.with(2, { format: 1, entries: [] }),
    };
    for (const [what, edit] of Object.entries(edits)) {
      const records = await copyOf(original, edit(structuredClone(all)));
      expect((await verifyAudit(records, id)).problems, what).not.toEqual([]);
    }
  });

  it('shows a change of any member of any entry, a missing and a repeated one', async () => {
    const original = await sampleAudit();
    const all = await recordsOf(original);
    await assert(
      asyncProperty(
        integer({ min: 0, max: 3 }),
        integer({ min: 0, max: 2 }),
        constantFrom('seq', 'at', 'actor', 'action', 'details', 'previous', 'hash', 'more', 'take', 'repeat', 'swap'),
        async (record, index, edit) => {
          const changed = structuredClone(all);
          const entries = changed[record]?.['entries'] as unknown as (AuditEntry & JsonObject)[];
          const entry = entries[index];
          if (entry === undefined) throw new Error('no such entry');
          if (edit === 'take') entries.splice(index, 1);
          else if (edit === 'repeat') entries.splice(index, 0, entry);
          else if (edit === 'swap')
            entries.splice(0, 2, ...[entries[1], entries[0]].filter((each) => each !== undefined));
          else if (edit === 'details') entries[index] = { ...entry, details: { more: 1 } };
          else entries[index] = { ...entry, [edit]: edit === 'seq' ? entry.seq + 1 : 'other' };
          const { problems } = await verifyAudit(await copyOf(original, changed), id);
          expect(problems).not.toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of another rollout does not stand in for it', async () => {
    const other = memoryRecords();
    await openAuditLog(other, 'pump-3').append([note('created')]);
    const records = memoryRecords();
    const foreign = await other.read(recordNames('pump-3').auditRecord(1));
    await records.write(names.auditRecord(1), foreign?.value ?? {});
    expect((await verifyAudit(records, id)).problems).toMatchObject([{ kind: 'broken', seq: 1 }]);
  });
});

async function hashOf(records: ReturnType<typeof memoryRecords>, seq: number): Promise<string> {
  const entries = (await collect(readAudit(records, id))).flat();
  return entries.find((entry) => entry.seq === seq)?.hash ?? '';
}

async function recordsOf(records: ReturnType<typeof memoryRecords>): Promise<JsonObject[]> {
  return (await collect(records.list(names.audit))).map(({ value }) => value);
}

async function copyOf(original: ReturnType<typeof memoryRecords>, values: readonly (JsonObject | undefined)[]) {
  const copy = memoryRecords();
  const intent = await original.read(names.intent);
  await copy.write(names.intent, intent?.value ?? {});
  for (const [index, value] of values.entries())
    if (value !== undefined) await copy.write(names.auditRecord(index + 1), value);
  return copy;
}
