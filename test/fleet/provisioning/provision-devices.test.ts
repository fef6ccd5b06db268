import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import {
  namedRows,
  numberedRows,
  provisionDevices,
  recordResults,
  type DeviceRow,
  type InputRow,
  type ProvisionOptions,
  type ProvisionResult,
} from '../../../src/fleet/provisioning/index.ts';
import { collect, failureOf, memoryHub, type MemoryHub } from '../../support/memory-hub.ts';

function provision(hub: MemoryHub, rows: Iterable<InputRow>, options?: ProvisionOptions): Promise<ProvisionResult[]> {
  return collect(provisionDevices(hub, rows, options));
}

function row(deviceId: string, more: Partial<DeviceRow> = {}): DeviceRow {
  return { kind: 'device', deviceId, ...more };
}

const key = Buffer.alloc(32, 1).toString('base64');
const otherKey = Buffer.alloc(32, 2).toString('base64');

describe('provisioning devices', () => {
  it('makes what is missing in bulks of 100, in the order of the rows', async () => {
    const hub = memoryHub();
    const results = await provision(
      hub,
      numberedRows({ prefix: 'p-', count: 250, start: 1, digits: 3 }, { tags: { site: 'a' } }),
    );
    expect(results.map((result) => result.deviceId).slice(0, 2)).toEqual(['p-001', 'p-002']);
    expect(results).toHaveLength(250);
    expect(new Set(results.map((result) => result.outcome))).toEqual(new Set(['created']));
    expect(hub.bulks.map((bulk) => bulk.length)).toEqual([100, 100, 50]);
    expect(hub.queriesRun).toEqual([]);
    expect(hub.stored.get('p-250')?.tags).toEqual({ site: 'a' });
  });

  it('when it runs again, then nothing changes and keys stay', async () => {
    const hub = memoryHub();
    const rows = [row('a', { tags: { x: { y: 1 } }, desired: { on: true }, status: 'disabled', key }), row('b')];
    await provision(hub, rows);
    const keyOfB = hub.stored.get('b')?.identity.authentication.symmetricKey.primaryKey;
    hub.bulks.length = 0;
    expect((await provision(hub, rows)).map((result) => result.outcome)).toEqual(['unchanged', 'unchanged']);
    expect(hub.bulks).toHaveLength(1);
    expect(hub.stored.get('b')?.identity.authentication.symmetricKey.primaryKey).toBe(keyOfB);
  });

  it('when a device differs, then only what the row names is changed, and it says what', async () => {
    const hub = memoryHub();
    await provision(hub, [row('a', { tags: { keep: 1, x: { y: 1, z: 2 } }, key })]);
    const results = await provision(hub, [row('a', { tags: { x: { y: 5 } }, desired: { n: 3 }, status: 'disabled' })]);
    expect(results).toEqual([{ deviceId: 'a', outcome: 'updated', reason: 'status, tags, desired' }]);
    expect(hub.stored.get('a')).toMatchObject({
      tags: { keep: 1, x: { y: 5, z: 2 } },
      desired: { n: 3 },
      identity: { status: 'disabled', authentication: { symmetricKey: { primaryKey: key } } },
    });
    expect(await provision(hub, [row('a', { key: otherKey })])).toMatchObject([{ outcome: 'updated', reason: 'key' }]);
    expect(hub.stored.get('a')?.identity).toMatchObject({
      status: 'disabled',
      authentication: { symmetricKey: { primaryKey: otherKey } },
    });
  });

  it('when a device changes between the look and the write, then that row fails and the others do not', async () => {
    const hub = memoryHub();
    await provision(hub, [row('a'), row('b')]);
    const seen = hub.onBulk;
    hub.onBulk = (devices) => (devices[0]?.importMode === 'create' ? seen(devices) : { a: 'PreconditionFailed' });
    const results = await provision(hub, [row('a', { status: 'disabled' }), row('b', { status: 'disabled' })]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['failed', 'updated']);
    expect(results[0]?.reason).toContain('PreconditionFailed');
  });

  it('passes bad rows through, with their lines, in their place', async () => {
    const rows: InputRow[] = [
      row('a', { line: 2 }),
      { kind: 'bad', line: 3, deviceId: 'x y', reason: 'no' },
      row('b', { line: 4 }),
    ];
    expect(await provision(memoryHub(), rows)).toEqual([
      { deviceId: 'a', line: 2, outcome: 'created' },
      { deviceId: 'x y', line: 3, outcome: 'failed', reason: 'no', code: 'invalid-input' },
      { deviceId: 'b', line: 4, outcome: 'created' },
    ]);
  });

  it('when the hub refuses a whole bulk for one device, then each is asked for alone', async () => {
    const hub = memoryHub();
    hub.onBulk = (devices) => {
      if (devices.some(({ id }) => id === 'bad')) throw new Failure('refused', 'the tags are too large');
      return {};
    };
    const results = await provision(hub, [row('a'), row('bad'), row('b')]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'failed', 'created']);
    expect(results[1]).toMatchObject({ reason: 'the tags are too large', code: 'refused' });
  });

  it('when the hub goes away, then what was done is told before the failure', async () => {
    const hub = memoryHub();
    hub.onBulk = (devices) => {
      if (devices.some(({ id }) => id === 'p150')) throw new Failure('hub-unreachable', 'gone');
      return {};
    };
    const results: ProvisionResult[] = [];
    const run = async (): Promise<void> => {
      const rows = numberedRows({ prefix: 'p', count: 300, start: 0, digits: 1 }, {});
      for await (const result of provisionDevices(hub, rows, { concurrency: 1 })) results.push(result);
    };
    expect(await failureOf(run())).toMatchObject({ code: 'hub-unreachable' });
    expect(results).toHaveLength(100);
  });

  it('when it is a dry run, then it compares and writes nothing', async () => {
    const hub = memoryHub();
    await provision(hub, [row('same'), row('differs')]);
    hub.bulks.length = 0;
    const results = await provision(hub, [row('same'), row('differs', { tags: { a: 1 } }), row('new')], {
      dryRun: true,
      connectionStrings: true,
    });
    expect(results).toEqual([
      { deviceId: 'same', outcome: 'unchanged' },
      { deviceId: 'differs', outcome: 'updated', reason: 'tags' },
      { deviceId: 'new', outcome: 'created' },
    ]);
    expect(hub.bulks).toEqual([]);
  });

  it('gives connection strings only when they are asked for', async () => {
    const hub = memoryHub();
    expect(await provision(hub, [row('a', { key })])).toEqual([{ deviceId: 'a', outcome: 'created' }]);
    expect(await provision(hub, [row('a')], { connectionStrings: true })).toMatchObject([
      { outcome: 'unchanged', connectionString: `HostName=devices.example;DeviceId=a;SharedAccessKey=${key}` },
    ]);
  });

  it('when the signal aborts, then it ends with its reason', async () => {
    const controller = new AbortController();
    controller.abort(new Failure('interrupted', 'interrupted'));
    expect(await failureOf(provision(memoryHub(), [row('a')], { signal: controller.signal }))).toMatchObject({
      code: 'interrupted',
    });
  });
});

function numbered(count: number): string[] {
  return [...numberedRows({ prefix: 'p', count, start: 998, digits: 3 }, {})].map(({ deviceId }) => deviceId);
}

describe('names of devices', () => {
  it('are the same in a later, larger run', () => {
    expect(numbered(2)).toEqual(['p998', 'p999']);
    expect(numbered(4)).toEqual(['p998', 'p999', 'p1000', 'p1001']);
  });

  it('when one is not valid, then nothing is begun', () => {
    expect(namedRows(['a', 'a', 'b'], {}).map(({ deviceId }) => deviceId)).toEqual(['a', 'b']);
    expect(() => namedRows(['a', 'b c'], {})).toThrow(Failure);
  });
});

async function* twoResults(failAfter?: number): AsyncGenerator<ProvisionResult> {
  yield { deviceId: 'a', line: 2, outcome: 'created', connectionString: 'HostName=h;DeviceId=a;SharedAccessKey=k' };
  if (failAfter === 1) throw new Failure('hub-unreachable', 'gone');
  yield { deviceId: 'b', line: 3, outcome: 'failed', reason: 'say "no", twice' };
}

describe('the file of results', () => {
  it('is a CSV for its owner alone, and is there also when the run broke off', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'iotctl-results-'));
    try {
      const path = join(directory, 'out.csv');
      await collect(recordResults(twoResults(), path));
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const head =
        'line,deviceId,result,reason,connectionString\n2,a,created,,HostName=h;DeviceId=a;SharedAccessKey=k\n';
      expect(await readFile(path, 'utf8')).toBe(`${head}3,b,failed,"say ""no"", twice",\n`);
      expect(await failureOf(collect(recordResults(twoResults(1), path)))).toMatchObject({ code: 'hub-unreachable' });
      expect(await readFile(path, 'utf8')).toBe(head);
      expect(await readdir(directory)).toEqual(['out.csv']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
