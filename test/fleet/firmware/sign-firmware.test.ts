import { createPublicKey, sign } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attachSignature,
  describeFirmware,
  failureOf,
  keysOf,
  measureFile,
  readPayload,
  refuseOtherFile,
  verifyFirmware,
} from '../../../src/fleet/firmware/index.ts';
import { manifestBytes, signManifest } from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { manifestFor, newKey } from '../../support/firmware.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-sign-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const createdAt = Date.parse('2026-03-01T12:00:00.000Z');
const facts = { name: 'pump', version: '2.0.0', hardware: ['pump-v2'], createdAt };

describe('measureFile', () => {
  it('knows size and digest, and gives the same content again', async () => {
    const path = join(directory, 'image');
    const content = Buffer.alloc(700_001, 'iotctl');
    await writeFile(path, content);
    const told: number[] = [];
    await using file = await measureFile(path, { onProgress: (bytes) => told.push(bytes) });
    const { sha256 } = manifestFor(content);
    expect(file).toMatchObject({ size: 700_001, sha256 });
    expect(told.at(-1)).toBe(700_001);
    for (let time = 0; time < 2; time += 1) {
      const pieces: Buffer[] = [];
      for await (const piece of file.content()) pieces.push(Buffer.from(piece));
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
    }
  });

  it('goes on with the file it has measured when its name goes to another', async () => {
    const path = join(directory, 'image');
    await writeFile(path, 'first');
    await using file = await measureFile(path);
    await rm(path);
    await writeFile(path, 'second');
    const pieces: string[] = [];
    for await (const piece of file.content()) pieces.push(Buffer.from(piece).toString());
    expect(pieces.join('')).toBe('first');
  });

  it('refuses what is missing, empty, a directory, or changed while it is read', async () => {
    const path = join(directory, 'image');
    await expect(measureFile(path)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(measureFile(directory)).rejects.toMatchObject({ code: expect.stringMatching(/invalid-input|io/) });
    await writeFile(path, '');
    await expect(measureFile(path)).rejects.toMatchObject({ code: 'invalid-input' });
    await writeFile(path, Buffer.alloc(1_000_000));
    const measured = measureFile(path, { onProgress: () => truncateSync(path, 10) });
    await expect(measured).rejects.toMatchObject({ code: 'changed-meanwhile' });
  });

  it('stops when it is told to', async () => {
    const path = join(directory, 'image');
    await writeFile(path, 'content');
    await expect(measureFile(path, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('describeFirmware', () => {
  it('counts by the day when no counter is given', () => {
    const file = { size: 5, sha256: manifestFor('image').sha256 };
    expect(describeFirmware(file, facts)).toEqual({
      format: 1,
      name: 'pump',
      version: '2.0.0',
      hardware: ['pump-v2'],
      ...file,
      releaseCounter: 20_513,
      createdAt: '2026-03-01T12:00:00.000Z',
    });
    expect(describeFirmware(file, { ...facts, releaseCounter: 0 }).releaseCounter).toBe(0);
  });

  it.each([
    [{ name: 'Pump' }, /^name: must be/],
    [{ version: '2.0' }, /^version: must be/],
    [{ version: 'v2.0.0' }, /^version: must be/],
    [{ hardware: [] }, /^hardware: /],
    [{ hardware: ['a b'] }, /^hardware: must be/],
    [{ minVersion: 'latest' }, /^minVersion: must be/],
    [{ releaseCounter: 1.5 }, /^releaseCounter: /],
  ])('refuses %j', (change, message) => {
    const file = { size: 5, sha256: manifestFor('image').sha256 };
    expect(() => describeFirmware(file, { ...facts, ...change })).toThrow(message);
  });
});

describe('a signer elsewhere', () => {
  const key = newKey();
  const manifest = manifestFor('image');

  it('is given bytes that come back as the same manifest', () => {
    const bytes = manifestBytes(manifest);
    expect(readPayload(bytes, 'it')).toEqual(manifest);
    const signature = sign(null, bytes, key);
    const expected = signManifest(manifest, key);
    const publicKey = createPublicKey(key);
    const forms = [signature, signature.toString('base64'), `${signature.toString('hex')}\n`];
    for (const form of forms) expect(attachSignature(manifest, Buffer.from(form), publicKey)).toEqual(expected);
  });

  it('is not believed with another key, another payload, or something else', () => {
    const publicKey = createPublicKey(key);
    const other = sign(null, manifestBytes(manifestFor('other')), key);
    expect(() => attachSignature(manifest, other, publicKey)).toThrow(/not one of this payload/);
    expect(() => attachSignature(manifest, sign(null, manifestBytes(manifest), newKey()), publicKey)).toThrow(
      /not one of this/,
    );
    expect(() => attachSignature(manifest, Buffer.from('nonsense'), publicKey)).toThrow(/neither 64 raw bytes/);
  });

  it('is given no payload that was touched', () => {
    const text = Buffer.from(manifestBytes(manifest)).toString();
    for (const touched of [`${text}\n`, text.replace('{', '{ '), text.slice(1), '', '{}'])
      expect(() => readPayload(Buffer.from(touched), 'it')).toThrow(/is not what firmware sign --payload wrote/);
  });

  it('signs for the file that was measured alone', () => {
    expect(() => refuseOtherFile({ size: 5, sha256: manifest.sha256 }, manifest, 'it')).not.toThrow();
    expect(() => refuseOtherFile({ size: 6, sha256: manifest.sha256 }, manifest, 'it')).toThrow(/is not the file/);
  });
});

describe('verifyFirmware', () => {
  const key = newKey();
  const manifest = manifestFor('image');
  const signed = signManifest(manifest, key) as unknown as JsonObject;
  const file = { size: manifest.size, sha256: manifest.sha256 };
  const codes = (document: JsonObject, ...rest: [ReturnType<typeof keysOf>, typeof file?]) =>
    verifyFirmware(document, ...rest).map(({ check, verdict, code }) => `${check} ${code ?? verdict}`);

  it('says which check did not pass, by the codes of devices', () => {
    const keys = keysOf(key);
    expect(codes(signed, keys, file)).toEqual(['manifest ok', 'signature ok', 'size ok', 'digest ok']);
    expect(codes({}, keys, file)).toEqual([
      'manifest manifest-invalid',
      'signature skipped',
      'size skipped',
      'digest skipped',
    ]);
    expect(codes(signed, keysOf(newKey()))).toEqual(['manifest ok', 'signature key-unknown']);
    expect(codes({ ...signed, signature: null }, keys)).toEqual(['manifest ok', 'signature signature-missing']);
    const changed = { ...signed, manifest: { ...manifest, size: 9 } as unknown as JsonObject };
    expect(codes(changed, keys)).toEqual(['manifest ok', 'signature signature-invalid']);
    expect(codes(signed, keys, { ...file, size: 9 }).slice(2)).toEqual(['size size-mismatch', 'digest skipped']);
    expect(codes(signed, keys, { ...file, sha256: '0'.repeat(64) }).slice(2)).toEqual([
      'size ok',
      'digest digest-mismatch',
    ]);
  });

  it('fails by the first of them', () => {
    expect(failureOf(verifyFirmware(signed, keysOf(key)), 'it')).toBeUndefined();
    expect(failureOf(verifyFirmware(signed, keysOf(newKey())), 'it')).toMatchObject({
      code: 'check-failed',
      details: { check: 'signature', code: 'key-unknown' },
    });
  });
});
