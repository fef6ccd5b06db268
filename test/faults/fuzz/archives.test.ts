/** C-28: backups that are no backups: names that lead out, links, bombs, damage. Nothing of them stays, and nothing outside is touched. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreHub } from '../../../src/hub/backup/restore.ts';
import { readTar, tarEnd, TarError, tarHeader, tarPadding } from '../../../src/hub/backup/tar.ts';
import { isFailure } from '../../../src/errors/index.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateBytes } from './support/mutate.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-archives-'));
  await mkdir(join(directory, 'data'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function entry(name: string, content: Uint8Array | string, change: (header: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.from(tarHeader({ name: name.slice(0, 100), size: bytes.length }, 0));
  change(header);
  // The checksum again, with blanks in its own place.
  header.fill(0x20, 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, bytes, tarPadding(bytes.length)]);
}

const linkOf = (kind: string, target: string) => (header: Buffer) => {
  header.write(kind, 156);
  header.write(target, 157);
};

function hugeSize(header: Buffer): void {
  header.writeUInt8(0x80, 124);
  header.writeBigUInt64BE(2n ** 63n, 128);
}

async function restore(archive: Buffer): Promise<unknown> {
  const file = join(directory, 'backup.tar.zst');
  await writeFile(file, archive);
  return restoreHub({ file, dataDir: join(directory, 'data'), force: true, now: Date.now() }).then(
    () => 'restored',
    (error: unknown) => error,
  );
}

async function expectRefused(archive: Buffer): Promise<void> {
  const outcome = await restore(archive);
  expect(isFailure(outcome as Error, 'data-unusable'), String(outcome)).toBe(true);
  // Neither beside the directory nor in it.
  expect((await readdir(directory)).toSorted()).toEqual(['backup.tar.zst', 'data']);
  expect((await readdir(join(directory, 'data'))).filter((name) => !name.startsWith('hub.l'))).toEqual([]);
}

const slips = [
  '../evil',
  '../../evil',
  '/tmp/evil',
  'blobs/../../evil',
  'blobs/./evil',
  './evil',
  '..',
  '.',
  '',
  'a/b/c',
  '.hidden',
  'blobs/.hidden',
  'C:\\evil',
  '..\\evil',
  'evil\0.db',
  'registry.db/evil',
  'blobs//evil',
  'e\u202Evil',
  'x'.repeat(100),
];

describe('C-28', () => {
  it.each(slips)('a file with the name %j leads nowhere', async (name) => {
    await expectRefused(zstdCompressSync(Buffer.concat([entry(name, 'evil'), tarEnd()])));
  });

  it.each([
    ['a symbolic link', linkOf('2', '../evil')],
    ['a hard link', linkOf('1', '/etc/passwd')],
    ['a directory', linkOf('5', '')],
    ['a device', linkOf('3', '')],
    ['a pipe', linkOf('6', '')],
    ['a long name of GNU', linkOf('L', '')],
    ['a header of pax', linkOf('x', '')],
    ['a negative size', (header: Buffer) => void header.write('-0000000001\0', 124)],
    ['a size of 2^63', hugeSize],
    ['a size that is none', (header: Buffer) => void header.write('zzzzzzzzzzz\0', 124)],
  ])('%s is refused', async (_what, change) => {
    await expectRefused(zstdCompressSync(Buffer.concat([entry('evil', 'evil', change), tarEnd()])));
  });

  it('a name that comes twice is refused', async () => {
    await expectRefused(
      zstdCompressSync(Buffer.concat([entry('registry.db', 'a'), entry('registry.db', 'b'), tarEnd()])),
    );
  });

  const bombs: readonly (readonly [string, (bytes: number) => readonly Uint8Array[]])[] = [
    ['zeros', (bytes: number) => [entry('registry.db', Buffer.alloc(bytes)), tarEnd()]],
    [
      'many small files',
      (bytes: number) => [
        ...Array.from({ length: bytes / 16_384 }, (_, index) => entry(`blobs/f${index}`, '')),
        tarEnd(),
      ],
    ],
  ];
  // A thousand files take their time before they are too many.
  it.each(bombs.slice(0, atScale({ smoke: 1, full: 2 })))(
    'a bomb of %s is given up before it fills memory or disk',
    async (what, make) => {
      const archive = zstdCompressSync(Buffer.concat(make(200 * 1024 * 1024)));
      const memoryBefore = process.memoryUsage.rss();
      const begin = performance.now();
      const cpu = process.cpuUsage();
      await expectRefused(archive);
      const { user, system } = process.cpuUsage(cpu);
      const rssGrowthMb = Math.round((process.memoryUsage.rss() - memoryBefore) / 1e6);
      report('C-28', {
        bomb: what,
        archiveBytes: archive.length,
        ms: Math.round(performance.now() - begin),
        cpuMs: Math.round((user + system) / 1_000),
        rssGrowthMb,
      });
      expect(rssGrowthMb).toBeLessThan(64);
      expect((user + system) / 1_000).toBeLessThan(2_000);
    },
  );

  it('damaged archives are read or refused', async () => {
    const files = [entry('registry.db', 'x'.repeat(700)), entry('blobs/a', 'y'), entry('manifest.json', '{}')];
    const good = Buffer.concat([...files, tarEnd()]);
    await fuzz({
      id: 'C-28',
      name: 'tar',
      cases: { smoke: 800, full: 200_000 },
      make: (random) => mutateBytes(random, good, files),
      async check(bytes) {
        try {
          async function* chunks(): AsyncGenerator<Uint8Array> {
            for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300);
          }
          for await (const { name, bytes: content } of readTar(chunks())) {
            const hash = createHash('sha256').update(name);
            for await (const chunk of content) hash.update(chunk);
          }
        } catch (error) {
          if (!(error instanceof TarError)) throw error;
        }
      },
      show: (bytes) => bytes.toString('hex'),
    });
  });
});
