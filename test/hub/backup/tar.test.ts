import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTar, tarEnd, tarHeader, tarPadding, TarError } from '../../../src/hub/backup/tar.ts';

function archive(files: readonly (readonly [name: string, body: Uint8Array])[]): Buffer {
  const parts = files.flatMap(([name, body]) => [
    tarHeader({ name, size: body.length }, 1_700_000_000),
    body,
    tarPadding(body.length),
  ]);
  return Buffer.concat([...parts, tarEnd()]);
}

async function contents(bytes: Uint8Array, pieceBytes = 700): Promise<[string, Buffer][]> {
  // oxlint-disable-next-line typescript/require-await -- a file comes as it comes
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  const found: [string, Buffer][] = [];
  for await (const entry of readTar(source())) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry.bytes) chunks.push(chunk);
    found.push([entry.name, Buffer.concat(chunks)]);
  }
  return found;
}

test('when files are written, they are read back, however the archive is cut into pieces', async () => {
  const files = fc.array(fc.tuple(fc.stringMatching(/^[a-z/.]{1,40}$/), fc.uint8Array({ maxLength: 2_000 })), {
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 3_000 }), async (written, pieceBytes) => {
      const found = await contents(archive(written), pieceBytes);
      expect(found).toEqual(written.map(([name, body]) => [name, Buffer.from(body)]));
    }),
  );
});

test('when the system has tar, it reads the archive', async ({ skip }) => {
  if (spawnSync('tar', ['--version']).error !== undefined) skip('there is no tar here');
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-tar-'));
  try {
    await writeFile(join(directory, 'a.tar'), archive([['tls/ca.pem', Buffer.from('hello')]]));
    expect(spawnSync('tar', ['-xf', 'a.tar'], { cwd: directory }).status).toBe(0);
    expect(await readFile(join(directory, 'tls/ca.pem'), 'utf8')).toBe('hello');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('when a size has more than eleven octal digits, it is kept', async () => {
  const size = 20 * 1024 ** 3;
  // oxlint-disable-next-line typescript/require-await -- a file comes as it comes
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield tarHeader({ name: 'telemetry.db', size }, 0);
  };
  const { value } = await readTar(source()).next();
  expect(value).toMatchObject({ name: 'telemetry.db', size });
});

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, 900)],
  ['without its end', (bytes: Buffer) => bytes.subarray(0, 1_024)],
  ['changed in a header', (bytes: Buffer) => Buffer.concat([Buffer.from('X'), bytes.subarray(1)])],
  ['a link', (bytes: Buffer) => link(bytes)],
])('when the archive is %s, it is refused', async (_name, change) => {
  await expect(contents(change(archive([['a', Buffer.from('hello')]])))).rejects.toThrow(TarError);
});

/** The same archive, with a symbolic link instead of a file and a checksum that is right. */
function link(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed.write('2', 156);
  const sum = Number.parseInt(changed.toString('latin1', 148, 154), 8) + 2;
  changed.write(sum.toString(8).padStart(6, '0'), 148);
  return changed;
}
