import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hub } from '../../src/client/index.ts';
import { csvText, exportFleet, ndjsonText, type ExportOptions } from '../../src/fleet/export/index.ts';
import {
  importFleet,
  rowsFromFleetCsv,
  rowsFromNdjson,
  type ImportOptions,
  type ImportResult,
} from '../../src/fleet/import/index.ts';
import type { BulkDevice } from '../../src/protocol/identity.ts';
import type { JsonObject, JsonValue } from '../../src/std/json.ts';
import { startTestHub, type TestHub } from './test-hub.ts';

let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub();
});

afterAll(() => hub?.close());

const formats = ['ndjson', 'csv'] as const;
type Format = (typeof formats)[number];

async function exported(client: Hub, format: Format, options: Partial<ExportOptions> = {}): Promise<string> {
  const pages = exportFleet(client, { keys: true, ...options });
  const text = format === 'csv' ? csvText(pages, join(tmpdir(), `iotctl-${randomUUID()}`)) : ndjsonText(pages);
  let all = '';
  for await (const piece of text) all += piece;
  return all;
}

async function imported(format: Format, text: string, options: Partial<ImportOptions> = {}): Promise<ImportResult[]> {
  // In small pieces, as from a slow disk.
  // oxlint-disable-next-line typescript/require-await -- a file comes as it comes
  const source = (async function* () {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
  })();
  const rows = format === 'csv' ? rowsFromFleetCsv(source) : rowsFromNdjson(source);
  return collect(importFleet(hub.client, rows, { mode: 'both', dryRun: false, ...options }));
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Members may come in another order: it says nothing. */
function linesOf(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

async function empty(): Promise<void> {
  for await (const page of hub.client.queries.query('SELECT deviceId FROM devices')) {
    const elements = page.map(({ deviceId }): BulkDevice => ({ id: deviceId as string, importMode: 'delete' }));
    for (let at = 0; at < elements.length; at += 100) await hub.client.devices.bulk(elements.slice(at, at + 100));
  }
}

async function make(devices: readonly BulkDevice[]): Promise<void> {
  const result = await hub.client.devices.bulk(devices);
  expect(result.errors).toEqual([]);
}

const countOf = (results: readonly ImportResult[], outcome: ImportResult['outcome']): number =>
  results.filter((result) => result.outcome === outcome).length;

async function prepare(): Promise<void> {
  await empty();
  await make([
    { id: 'kept', importMode: 'create', tags: { a: 1 } },
    { id: 'changed', importMode: 'create', tags: { a: 1, gone: true, b: { c: 2, d: 3 } } },
  ]);
}

const twinName = fc.oneof(
  fc.constantFrom('site', 'room.floor', 'a b', 'x', String.raw`back\slash`, 'constructor', 'Ünï', '"quoted"', ','),
  fc.stringMatching(/^[a-z]{1,6}$/),
);
const leaf = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'true',
    'null',
    '007',
    '1e5',
    "'x'",
    '{',
    '[]',
    'a,b',
    'line\nbreak',
    '"',
    '=1+1',
    '#',
    '12.50',
  ),
  fc.string({ maxLength: 12 }).filter((text) => text.isWellFormed()),
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.boolean(),
);
const members = (value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(twinName, value), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs));
const content = members(fc.oneof(leaf, members(leaf), members(members(leaf))));
const fleet = fc.uniqueArray(
  fc.record({
    id: fc.stringMatching(/^[a-zA-Z0-9\-.%_*?!(),:=@$'+#]{1,20}$/).filter((id) => id !== '.' && id !== '..'),
    disabled: fc.boolean(),
    reason: fc.option(
      fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.trim() === text && text.isWellFormed()),
    ),
    thumbprint: fc.option(fc.stringMatching(/^[0-9A-F]{40}$/)),
    tags: content,
    desired: content,
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 12 },
);

describe.each(formats)('a fleet in a %s file', (format) => {
  test('when it is exported and imported into an empty hub, the hub has the same fleet', async () => {
    await fc.assert(
      fc.asyncProperty(fleet, async (devices) => {
        await empty();
        const elements = devices.map(({ id, disabled, reason, thumbprint, tags, desired }): BulkDevice => ({
          id,
          importMode: 'create',
          status: disabled ? 'disabled' : 'enabled',
          ...(reason !== null && { statusReason: reason }),
          ...(thumbprint !== null && {
            authentication: {
              type: 'selfSigned',
              x509Thumbprint: { primaryThumbprint: thumbprint, secondaryThumbprint: null },
            },
          }),
          tags,
          properties: { desired },
        }));
        // The hub has rules of its own for names and values; what it refuses is not in the fleet.
        await hub.client.devices.bulk(elements);
        const before = await exported(hub.client, 'ndjson');
        const file = await exported(hub.client, format);
        await empty();
        const results = await imported(format, file);
        expect(results.filter(({ outcome }) => outcome !== 'created')).toEqual([]);
        expect(linesOf(await exported(hub.client, 'ndjson'))).toEqual(linesOf(before));
        const again = await imported(format, file);
        expect(again.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test('when it has modules and nested edge devices, they come after what they need', async () => {
    await empty();
    await make([{ id: 'z-edge', importMode: 'create', capabilities: { iotEdge: true } }]);
    const scope = (await hub.client.devices.get('z-edge')).deviceScope ?? '';
    await make([
      { id: 'm-edge', importMode: 'create', capabilities: { iotEdge: true }, parentScopes: [scope] },
      { id: 'plain', importMode: 'create' },
    ]);
    const inner = (await hub.client.devices.get('m-edge')).deviceScope ?? '';
    await make([{ id: 'a-leaf', importMode: 'create', deviceScope: inner }]);
    await hub.client.modules.put({ deviceId: 'plain', moduleId: 'camera', managedBy: 'me' });
    await hub.client.twins.patch('plain/camera', { properties: { desired: { zoom: 2 } } });
    await hub.client.twins.patch('m-edge/$edgeHub', { properties: { desired: { ttl: 7 } } });
    const key = (await hub.client.modules.get('plain/camera')).authentication.symmetricKey.primaryKey;
    const file = await exported(hub.client, format);
    await empty();
    const results = await imported(format, file);
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const leafScope = (await hub.client.devices.get('a-leaf')).deviceScope;
    expect(leafScope).toBe((await hub.client.devices.get('m-edge')).deviceScope);
    expect(leafScope).not.toBe(inner);
    expect((await hub.client.devices.get('m-edge')).parentScopes).toEqual([
      (await hub.client.devices.get('z-edge')).deviceScope,
    ]);
    const camera = await hub.client.modules.get('plain/camera');
    expect([camera.authentication.symmetricKey.primaryKey, camera.managedBy]).toEqual([key, 'me']);
    expect((await hub.client.twins.get('plain/camera')).properties.desired).toMatchObject({ zoom: 2 });
    expect((await hub.client.twins.get('m-edge/$edgeHub')).properties.desired).toMatchObject({ ttl: 7 });
    expect(countOf(await imported(format, file), 'unchanged')).toBe(results.length);
  });
});

describe('what an import changes', () => {
  const file = [
    { id: 'kept', tags: { a: 1 } },
    { id: 'changed', status: 'disabled', tags: { a: 1, b: { c: 2 } }, properties: { desired: { x: 1 } } },
    { id: 'new' },
  ];
  const text = file.map((line) => JSON.stringify(line)).join('\n');

  test('when it is a dry run, it tells and changes nothing', async () => {
    await prepare();
    const before = await exported(hub.client, 'ndjson');
    const results = await imported('ndjson', text, { dryRun: true });
    expect(results.map(({ deviceId, outcome, reason }) => [deviceId, outcome, reason])).toEqual([
      ['kept', 'unchanged', undefined],
      ['changed', 'updated', 'status, tags, desired'],
      ['new', 'created', undefined],
    ]);
    expect(await exported(hub.client, 'ndjson')).toBe(before);
  });

  test('when devices differ, they become as the file says, and their keys stay', async () => {
    await prepare();
    const { authentication } = await hub.client.devices.get('changed');
    const results = await imported('ndjson', text);
    expect(results.map(({ outcome }) => outcome)).toEqual(['unchanged', 'updated', 'created']);
    const twin = await hub.client.twins.get('changed');
    expect([twin.status, twin.tags, twin.properties.desired['x']]).toEqual(['disabled', { a: 1, b: { c: 2 } }, 1]);
    expect((await hub.client.devices.get('changed')).authentication).toEqual(authentication);
  });

  test.each([
    ['create', ['unchanged', 'unchanged', 'created'], 'enabled'],
    ['update', ['unchanged', 'updated', 'unchanged'], 'disabled'],
  ] as const)('when the mode is %s, the others are left alone', async (mode, outcomes, status) => {
    await prepare();
    const results = await imported('ndjson', text, { mode });
    expect(results.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect((await hub.client.twins.get('changed')).status).toBe(status);
  });

  test('when lines are bad or refused, the others go on and each says why', async () => {
    await empty();
    const lines = [
      '{"id":"one"}',
      'no',
      '{"id":"a b"}',
      '{"id":"one"}',
      '{"id":"two","authentication":{"symmetricKey":{"primaryKey":"short"}}}',
      '{"id":"child","deviceScope":"ms-azure-iot-edge://nobody-1"}',
      '{"id":"none/../x"}',
      '{"id":"three"}',
    ];
    const results = await imported('ndjson', lines.join('\n'));
    expect(results.map(({ line, outcome }) => [line, outcome])).toEqual([
      [1, 'created'],
      [2, 'failed'],
      [3, 'failed'],
      [4, 'failed'],
      [5, 'failed'],
      [7, 'failed'],
      [8, 'created'],
      [6, 'failed'],
    ]);
    expect(results.every(({ outcome, reason }) => outcome !== 'failed' || reason !== undefined)).toBe(true);
  });

  test('when the export has no keys, none is in the file', async () => {
    await prepare();
    const { primaryKey } = (await hub.client.devices.get('kept')).authentication.symmetricKey;
    for (const format of formats) expect(await exported(hub.client, format, { keys: false })).not.toContain(primaryKey);
  });

  test('when a property holds what could steer a terminal, it is written so that it cannot, and comes back', async () => {
    await empty();
    const steering = 'a\u009b31m\u001b[2J\u007f';
    await make([{ id: 'steering', importMode: 'create', tags: { text: steering } }]);
    for (const format of formats) {
      const written = await exported(hub.client, format);
      // oxlint-disable-next-line no-control-regex -- that is what is looked for
      expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      await hub.client.twins.patch('steering', { tags: { text: null } });
      await imported(format, written);
      expect((await hub.client.twins.get('steering')).tags).toEqual({ text: steering });
    }
  });

  test('when devices are selected, no other is in the file', async () => {
    await prepare();
    const lines = await exported(hub.client, 'ndjson', { selector: { ids: ['k*'] } });
    expect(lines.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(lines)).toMatchObject({ id: 'kept', tags: { a: 1 } });
  });
});
