import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRate, readFirmwareOptions } from '../../../src/fleet/agent/firmware-options.ts';
import { newKey, trustOf } from '../../device/firmware/memory-device.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-flags-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const nothing = {
  directory: 'pump',
  uid: 1_000,
  image: undefined,
  version: undefined,
  hardware: undefined,
  trustFile: undefined,
  activate: undefined,
  rate: undefined,
} as const;

test.each([
  ['500k', 500_000],
  ['1.5M', 1_500_000],
  ['64000', 64_000],
  ['2g', 2_000_000_000],
])('a rate of %s is %d bytes per second', (text, rate) => {
  expect(parseRate(text)).toBe(rate);
});

test.each(['', '0', '999', 'fast', '5 k', '-1k', '1kk', '1e9', 'NaN'])('"%s" is no rate', (text) => {
  expect(() => parseRate(text)).toThrow('rate');
});

test('a later start needs a directory alone, which is made absolute', async () => {
  const options = await readFirmwareOptions(nothing);
  expect(options).toMatchObject({ directory: join(process.cwd(), 'pump'), first: { uid: 1_000 } });
});

test('the keys are read from their file, and what is none is refused', async () => {
  const trust = trustOf([newKey()]);
  const file = join(directory, 'keys.json');
  await writeFile(file, JSON.stringify(trust));
  expect((await readFirmwareOptions({ ...nothing, trustFile: file })).first.trust).toEqual(trust);
  await writeFile(file, '{"keys": []}');
  await expect(readFirmwareOptions({ ...nothing, trustFile: file })).rejects.toMatchObject({ code: 'invalid-input' });
  const gone = readFirmwareOptions({ ...nothing, trustFile: join(directory, 'gone') });
  await expect(gone).rejects.toMatchObject({ code: 'file-not-found' });
});

test('a program that activates is named by its whole path', async () => {
  await expect(readFirmwareOptions({ ...nothing, activate: 'restart' })).rejects.toMatchObject({
    code: 'invalid-value',
  });
});
