import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addFirmware,
  findFirmwareByDigest,
  keysOf,
  listFirmware,
  preparePublication,
  readFirmware,
  showFirmware,
} from '../../../src/fleet/firmware/index.ts';
import { byRelease } from '../../../src/fleet/firmware/order.ts';
import { signManifest } from '../../../src/protocol/firmware/index.ts';
import { manifestFor, newKey, signedTrustOf } from '../../support/firmware.ts';
import { memoryArtifacts } from '../../support/memory-artifacts.ts';
import { memoryRecords } from '../../support/memory-records.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-add-'));
  file = join(directory, 'image');
  await writeFile(file, 'image');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const key = newKey();
const signed = signManifest(manifestFor('image'), key);
const stores = () => ({ records: memoryRecords(), artifacts: memoryArtifacts() });
const request = () => ({ signed, file, dryRun: false, now: Date.parse('2026-03-02T00:00:00.000Z') });

describe('addFirmware', () => {
  it('brings the file and the record, and does so once', async () => {
    const hub = stores();
    expect(await addFirmware(hub, request())).toMatchObject({ result: 'added', verifiedBy: 'nobody' });
    expect(hub.artifacts.contents.get(signed.manifest.sha256)?.toString()).toBe('image');
    expect(hub.records.names()).toEqual(['firmware/pump/2.0.0']);
    expect(await readFirmware(hub.records, 'pump', '2.0.0')).toEqual({ signed, addedAt: '2026-03-02T00:00:00.000Z' });
    expect(await addFirmware(hub, { ...request(), now: 9e11 })).toMatchObject({
      result: 'unchanged',
      addedAt: '2026-03-02T00:00:00.000Z',
    });
    expect(hub.artifacts.sent).toBe(1);
  });

  it('finishes what was broken off between the two', async () => {
    const hub = stores();
    const write = hub.records.write.bind(hub.records);
    hub.records.write = async () => {
      throw new Error('cut off');
    };
    await expect(addFirmware(hub, request())).rejects.toThrow('cut off');
    hub.records.write = write;
    expect(await addFirmware(hub, request())).toMatchObject({ result: 'added' });
    expect(hub.artifacts.sent).toBe(1);
  });

  it('changes nothing in a dry run', async () => {
    const hub = stores();
    expect(await addFirmware(hub, { ...request(), dryRun: true })).toMatchObject({ result: 'planned' });
    expect([hub.records.names(), hub.artifacts.sent]).toEqual([[], 0]);
  });

  it('takes no other manifest under the same name and version', async () => {
    const hub = stores();
    await addFirmware(hub, request());
    const other = signManifest({ ...signed.manifest, releaseCounter: 8 }, key);
    await expect(addFirmware(hub, { ...request(), signed: other })).rejects.toMatchObject({
      code: 'conflict',
      message: 'the hub has another pump@2.0.0 already: releaseCounter differs',
    });
  });

  it('takes the same manifest by another key', async () => {
    const hub = stores();
    await addFirmware(hub, request());
    const again = signManifest(signed.manifest, newKey());
    expect(await addFirmware(hub, { ...request(), signed: again })).toMatchObject({ result: 'replaced' });
    expect((await readFirmware(hub.records, 'pump', '2.0.0')).signed).toEqual(again);
  });

  it('decides between two at once by what they add', async () => {
    const hub = stores();
    const results = await Promise.all([addFirmware(hub, request()), addFirmware(hub, request())]);
    expect(results.map(({ result }) => result).toSorted()).toEqual(['added', 'unchanged']);
  });

  it('refuses a file that is not the one, before anything is sent', async () => {
    const hub = stores();
    await writeFile(file, 'imagE');
    await expect(addFirmware(hub, request())).rejects.toMatchObject({ details: { code: 'digest-mismatch' } });
    await writeFile(file, 'images');
    await expect(addFirmware(hub, request())).rejects.toMatchObject({ details: { code: 'size-mismatch' } });
    expect([hub.records.names(), hub.artifacts.sent]).toEqual([[], 0]);
  });

  it('refuses a signature that is not by the given keys, or by those of the hub', async () => {
    const hub = stores();
    const given = addFirmware(hub, { ...request(), trust: keysOf(newKey()) });
    await expect(given).rejects.toMatchObject({ code: 'check-failed', details: { code: 'key-unknown' } });
    expect(await addFirmware(hub, { ...request(), trust: keysOf(key), dryRun: true })).toMatchObject({
      verifiedBy: 'given',
    });
    await (await preparePublication(hub.records, { next: signedTrustOf([newKey()], 1) })).publish();
    await expect(addFirmware(hub, request())).rejects.toMatchObject({ details: { code: 'key-unknown' } });
    expect([hub.artifacts.sent, await showVerdict(hub)]).toEqual([0, undefined]);
  });

  it('keeps an address for a file that is elsewhere, and checks a copy of it', async () => {
    const hub = stores();
    const url = 'https://files.example.com/pump.bin';
    expect(await addFirmware(hub, { ...request(), file: undefined, url })).toMatchObject({ result: 'added', url });
    expect(await readFirmware(hub.records, 'pump', '2.0.0')).toMatchObject({ url });
    await writeFile(file, 'imagE');
    await expect(addFirmware(hub, { ...request(), url })).rejects.toMatchObject({ code: 'check-failed' });
    expect(hub.artifacts.sent).toBe(0);
  });

  it('names the older versions after which devices refuse it', async () => {
    const hub = stores();
    const add = (version: string, releaseCounter: number, name = 'pump') =>
      addFirmware(hub, {
        ...request(),
        signed: signManifest(manifestFor('image', { name, version, releaseCounter }), key),
      });
    await add('1.9.0', 20_000);
    await add('1.8.0', 1);
    await add('3.0.0', 30_000);
    await add('1.0.0', 30_000, 'valve');
    expect(await add('2.0.0', 2)).toMatchObject({ result: 'added', refusedAfter: ['pump@1.9.0'] });
  });

  it('needs a file, unless the hub has it', async () => {
    const hub = stores();
    await expect(addFirmware(hub, { ...request(), file: undefined })).rejects.toMatchObject({ code: 'usage' });
    await addFirmware(hub, request());
    expect(await addFirmware(hub, { ...request(), file: undefined })).toMatchObject({ result: 'unchanged' });
  });
});

async function showVerdict(hub: ReturnType<typeof stores>): Promise<string | undefined> {
  return showFirmware(hub, { name: 'pump', version: '2.0.0' }).then(
    ({ signatureVerdict }) => signatureVerdict,
    () => undefined,
  );
}

describe('the records of firmware', () => {
  it('are found by name, by digest, and in the order of versions', async () => {
    const hub = stores();
    for (const [version, releaseCounter] of [
      ['1.9.0', 3],
      ['1.10.0', 5],
      ['1.10.0-rc.1', 4],
    ] as const)
      await addFirmware(hub, {
        ...request(),
        signed: signManifest(manifestFor('image', { version, releaseCounter }), key),
      });
    await (await preparePublication(hub.records, { next: signedTrustOf([key], 1) })).publish();
    const all = await Array.fromAsync(listFirmware(hub.records));
    expect(all.toSorted(byRelease).map((each) => each.signed.manifest.version)).toEqual([
      '1.10.0',
      '1.10.0-rc.1',
      '1.9.0',
    ]);
    const found = await findFirmwareByDigest(hub.records, signed.manifest.sha256);
    expect(found?.signed.manifest.version).toBe('1.10.0');
    expect(await findFirmwareByDigest(hub.records, '0'.repeat(64))).toBeUndefined();
    expect(await showFirmware(hub, { name: 'pump', version: '1.9.0' })).toMatchObject({
      stored: true,
      signatureVerdict: 'trusted',
    });
    await expect(readFirmware(hub.records, 'pump', '7.0.0')).rejects.toMatchObject({ code: 'firmware-not-found' });
  });

  it('that are not understood are told, and hide no others', async () => {
    const hub = stores();
    await addFirmware(hub, request());
    await hub.records.write('firmware/pump/3.0.0', { format: 2 });
    const told: string[] = [];
    const found = await Array.fromAsync(listFirmware(hub.records, { onUnreadable: ({ code }) => told.push(code) }));
    expect([found.length, told]).toEqual([1, ['data-unusable']]);
    await expect(readFirmware(hub.records, 'pump', '3.0.0')).rejects.toMatchObject({ code: 'data-unusable' });
    const moved = await hub.records.read('firmware/pump/2.0.0');
    await hub.records.write('firmware/pump/4.0.0', moved?.value ?? {});
    await expect(readFirmware(hub.records, 'pump', '4.0.0')).rejects.toMatchObject({ code: 'data-unusable' });
  });
});
