import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { DocumentView } from '../../../src/cli/output/output.ts';
import { written } from '../support/test-output.ts';

const device = { id: 'pump-1', status: 'enabled', tags: { site: 'north', shifts: ['a', 'b'] } };
const view: DocumentView<typeof device> = {
  fields: (value) => [
    ['Device', value.id],
    ['Status', value.status, 'good'],
    ['Reason', ''],
    ['Left out', undefined],
    ['Tags', value.tags],
  ],
  json: (value) => value,
  name: (value) => value.id,
};

const show = (flags: string[], options = {}) =>
  written((output) => output.document(device, view), flags, { kind: 'document', ...options });

describe('a document', () => {
  test('is lines of fields, nested ones indented', async () => {
    const { stdout } = await show([]);
    expect(stdout).toBe('Device: pump-1\nStatus: enabled\nReason:\nTags:\n  site:   north\n  shifts: ["a","b"]\n');
  });

  test('has colour on a terminal', async () => {
    const { stdout } = await show([], { isTTY: true, env: { NO_COLOR: '' } });
    expect(stdout).toContain('\u001b[32menabled\u001b[39m');
  });

  test('json, ndjson, yaml, csv, name', async () => {
    expect((await show(['-o', 'json'])).stdout).toBe(`${JSON.stringify(device, null, 2)}\n`);
    expect((await show(['-o', 'ndjson'])).stdout).toBe(`${JSON.stringify(device)}\n`);
    expect(parse((await show(['-o', 'yaml'])).stdout)).toEqual(device);
    expect((await show(['-o', 'csv'])).stdout).toBe(
      'id,status,tags\npump-1,enabled,"{""site"":""north"",""shifts"":[""a"",""b""]}"\n',
    );
    expect((await show(['-o', 'name'])).stdout).toBe('pump-1\n');
  });

  test('--query picks', async () => {
    expect((await show(['--query', 'tags.site'])).stdout).toBe('north\n');
    expect((await show(['--query', 'tags.site', '-o', 'json'])).stdout).toBe('"north"\n');
    expect((await show(['--query', 'tags'])).stdout).toBe('site: north\nshifts: ["a","b"]\n');
    expect((await show(['--query', 'nothing', '-o', 'json'])).stdout).toBe('null\n');
  });
});
