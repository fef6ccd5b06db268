import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRecords } from '../../../../src/hub/core/records/records.ts';
import type { RecordService } from '../../../../src/hub/core/records/service.ts';
import { recordBytes, recordNameProblem } from '../../../../src/protocol/records.ts';
import { memoryDocuments, type MemoryDocuments } from '../../../support/memory-documents.ts';

let documents: MemoryDocuments;
let records: RecordService;
let errors: unknown[];

beforeEach(() => {
  documents = memoryDocuments();
  errors = [];
  records = createRecords({ documents, onError: (error) => errors.push(error) });
});

const any = { kind: 'any' } as const;
const absent = { kind: 'absent' } as const;

describe('a record', () => {
  test('when it is written, then it is read as it was, with the etag that was answered', async () => {
    const etag = await records.write('rollouts/a/state', { n: 1 }, any);
    await expect(records.read('rollouts/a/state')).resolves.toEqual({
      name: 'rollouts/a/state',
      etag,
      value: { n: 1 },
    });
  });

  test('when the same content is written again, then its etag is another', async () => {
    const first = await records.write('a', { n: 1 }, any);
    expect(await records.write('a', { n: 1 }, any)).not.toBe(first);
  });

  test('when it is there already, then it cannot be created', async () => {
    await records.write('a', {}, absent);
    await expect(records.write('a', {}, absent)).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
  });

  test.each([
    [
      'an etag of before',
      async () => records.write('a', { n: 1 }, any).then((etag) => ({ kind: 'etag', etag }) as const),
    ],
    [
      'an etag from before its removal',
      async () => {
        const etag = await records.write('a', { n: 0 }, any);
        await records.remove('a', any);
        return { kind: 'etag', etag } as const;
      },
    ],
  ])('when it is replaced on %s, then nothing is written', async (_, conditionOf) => {
    const condition = await conditionOf();
    await records.write('a', { n: 2 }, any);
    await expect(records.write('a', { n: 3 }, condition)).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
    await expect(records.remove('a', condition)).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
    await expect(records.read('a')).resolves.toMatchObject({ value: { n: 2 } });
  });

  test('when many write on one etag at once, then one does', async () => {
    const etag = await records.write('a', { n: 0 }, any);
    const writes = Array.from({ length: 20 }, (__, n) => records.write('a', { n }, { kind: 'etag', etag }));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('when it is not there, then reading, replacing and removing it fail', async () => {
    await expect(records.read('a')).rejects.toMatchObject({ symbol: 'NotFound' });
    await expect(records.remove('a', any)).rejects.toMatchObject({ symbol: 'NotFound' });
    await expect(records.write('a', {}, { kind: 'present' })).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
  });

  test.each([[null], [[]], ['text'], [7], [undefined]])('when it is %j, then it is refused', async (value) => {
    await expect(records.write('a', value, any)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
  });

  test('when it is as large as it may be, then it is kept; one byte more is refused', async () => {
    const room = recordBytes - '{"t":""}'.length;
    await records.write('a', { t: 'x'.repeat(room) }, any);
    await expect(records.write('a', { t: 'x'.repeat(room + 1) }, any)).rejects.toMatchObject({
      symbol: 'MessageTooLarge',
    });
    await expect(records.write('a', { t: 'ü'.repeat(room / 2 + 1) }, any)).rejects.toMatchObject({
      symbol: 'MessageTooLarge',
    });
  });
});

describe('names of records', () => {
  test.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    'a/../b',
    'a/./b',
    'ä',
    'a b',
    'a\\b',
    'a\0',
    'x'.repeat(129),
    '1/2/3/4/5/6/7/8/9',
  ])('when one is %j, then nothing can be done with it', async (name) => {
    await expect(records.write(name, {}, any)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
    await expect(records.read(name)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
    await expect(records.remove(name, any)).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
  });

  test.each(['a', 'A/b.json', '...', 'rollouts/p@1+2_3-4/state', 'x'.repeat(128), '1/2/3/4/5/6/7/8'])(
    '%j is one',
    (name) => {
      expect(recordNameProblem(name)).toBeUndefined();
    },
  );

  test('whatever is a name survives an address', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9._@+-]{1,20}$/).filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const path = `/${segments.map(encodeURIComponent).join('/')}`;
        expect(decodeURIComponent(new URL(path, 'http://h').pathname)).toBe(`/${segments.join('/')}`);
      }),
    );
  });
});

const namesOf = async (prefix: string, limit: number): Promise<string[]> => {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const { records: page, next } = await records.list({ prefix, limit, after });
    expect(page.length).toBeLessThanOrEqual(limit);
    names.push(...page.map(({ name }) => name));
    after = next;
  } while (after !== undefined);
  return names;
};

describe('a list of records', () => {
  test.each([1, 2, 3, 1_000])(
    'with pages of %i, has every record below the prefix once, in byte order',
    async (limit) => {
      const names = ['r/B', 'r/a', 'r/a.b', 'r/a/x', 'r/b', 'q', 'ra', 's'];
      for (const name of names) await records.write(name, {}, any);
      expect(await namesOf('r/', limit)).toEqual(['r/B', 'r/a', 'r/a.b', 'r/a/x', 'r/b']);
      expect(await namesOf('', limit)).toEqual(names.toSorted());
      expect(await namesOf('nothing', limit)).toEqual([]);
    },
  );

  test('when records are large, then a page holds few of them', async () => {
    for (let n = 0; n < 10; n++) await records.write(`r/${n}`, { t: 'x'.repeat(3 * 1024 * 1024) }, any);
    const page = await records.list({ prefix: 'r/', limit: 1_000 });
    expect(page.records).toHaveLength(4);
    expect(await namesOf('r/', 1_000)).toHaveLength(10);
  });
});

describe('who listens to records', () => {
  test('is told names below the prefix when they are stored, until it no longer wants to be', async () => {
    const told: string[] = [];
    const stop = records.onChange('r/', (name) => told.push(name));
    await records.write('r/a', {}, any);
    await records.write('q', {}, any);
    await records.remove('r/a', any);
    await records.write('r/b', {}, { kind: 'present' }).catch(() => undefined);
    stop();
    await records.write('r/c', {}, any);
    expect(told).toEqual(['r/a', 'r/a']);
  });

  test('is not told of a write that failed', async () => {
    const told: string[] = [];
    records.onChange('', (name) => told.push(name));
    documents.error = new Error('no');
    await expect(records.write('a', {}, any)).rejects.toThrow('no');
    expect(told).toEqual([]);
  });

  test('cannot make the write fail', async () => {
    records.onChange('', () => {
      throw new Error('mine');
    });
    await records.write('a', {}, any);
    expect(errors).toEqual([new Error('mine')]);
  });
});
