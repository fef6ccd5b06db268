import { copyFile, constants, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Failure } from '../../../errors/index.ts';
import { hardwareSchema, type Trust, versionSchema } from '../../../protocol/firmware/index.ts';
import { syncDirectory, writeFileAtomic } from '../../../std/atomic-file.ts';
import { parseJsonObject } from '../../../std/json.ts';
import { firstState } from '../state.ts';
import { readSelected, select } from './file-boot.ts';
import { fileStore } from './file-store.ts';
import { codeOf, readOwn } from './own-file.ts';
import type { FirmwarePaths } from './paths.ts';

/** What a device is at its first start, told by whoever sets it up; afterwards the directory knows. */
export interface FirstFirmware {
  /** Of the user that runs the agent; absent where there are none. */
  readonly uid?: number | undefined;
  readonly version?: string | undefined;
  /** The file that runs now. */
  readonly image?: string | undefined;
  readonly hardware?: string | undefined;
  /** The keys it takes firmware from. */
  readonly trust?: Trust | undefined;
}

/**
 * Makes the directory of a device that never had one, and looks over one that is there. Resolves to the hardware it is for. What is
 * written last is the state: without it the next start begins from the front. Failures: `usage` when something is missing for a first
 * start, `invalid-config` for a directory that is none, `conflict` for another hardware than before.
 */
export async function setUpDirectory(paths: FirmwarePaths, first: FirstFirmware): Promise<string> {
  for (const directory of [paths.slots, paths.slot('a'), paths.slot('b'), paths.download, paths.hooks])
    await ownDirectory(directory, first.uid);
  for (const directory of [paths.root, paths.slot('a'), paths.slot('b')]) await dropTemporary(directory);
  if ((await readOwn(paths.state)) === undefined) return begin(paths, first);
  const { hardware } = parseJsonObject((await readOwn(paths.device)) ?? '') ?? {};
  const known = hardwareSchema.safeParse(hardware);
  if (!known.success)
    throw new Failure('invalid-config', `${paths.device} does not say which hardware this is`, {
      hint: `write {"hardware":"MODEL"} to ${paths.device}`,
    });
  if (first.hardware !== undefined && first.hardware !== known.data)
    throw new Failure('conflict', `${paths.root} is set up for the hardware ${known.data}, not ${first.hardware}`);
  await readSelected(paths);
  return known.data;
}

async function begin(paths: FirmwarePaths, first: FirstFirmware): Promise<string> {
  const { version, image, hardware, trust } = first;
  if (version === undefined || image === undefined || hardware === undefined || trust === undefined) {
    const flags = {
      '--firmware-version': version,
      '--firmware-image': image,
      '--hardware': hardware,
      '--firmware-trust': trust,
    };
    const missing = Object.entries(flags).filter(([, value]) => value === undefined);
    throw new Failure(
      'usage',
      `${paths.root} is new, so the agent has to be told what runs: ${missing.map(([flag]) => flag).join(', ')}`,
      {
        hint: 'iotctl agent --firmware-dir DIR --firmware-version 1.0.0 --firmware-image FILE --hardware MODEL --firmware-trust FILE',
      },
    );
  }
  refuse('--firmware-version', versionSchema.safeParse(version));
  refuse('--hardware', hardwareSchema.safeParse(hardware));
  await copyDurably(image, paths.image('a'));
  const digest = await digestOf(paths.image('a'));
  await select(paths, 'a');
  await writeFileAtomic(paths.device, `${JSON.stringify({ hardware }, undefined, 2)}\n`);
  const store = fileStore(paths);
  await store.saveTrust(trust);
  await store.save(firstState('a', { version, digest }));
  return hardware;
}

function refuse(
  flag: string,
  result: { readonly success: boolean; readonly error?: { readonly issues: readonly { readonly message: string }[] } },
): void {
  if (!result.success)
    throw new Failure('invalid-value', `${flag} ${result.error?.issues[0]?.message ?? 'is not valid'}`);
}

/** Makes a directory for its owner alone, or refuses one that others can change. */
export async function ownDirectory(path: string, uid: number | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stats = await lstat(path);
  if (!stats.isDirectory())
    throw new Failure('invalid-config', `${path} is not a directory`, { hint: `move ${path} away` });
  const isForeign = uid !== undefined && stats.uid !== uid;
  const isOpen = platform() !== 'win32' && (stats.mode & 0o022) !== 0;
  if (isForeign || isOpen)
    throw new Failure('permission-denied', `other users can change ${path}`, {
      hint: isForeign ? `chown it, or run the agent as its owner` : `chmod 700 ${path}`,
    });
}

/** What a power cut has left of writes that never came to their end. */
async function dropTemporary(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    if (/^\..+\.[0-9a-f]{12}\.tmp$/.test(name)) await rm(join(directory, name), { force: true });
}

async function copyDurably(from: string, to: string): Promise<void> {
  const temporary = join(dirname(to), '.image.000000000000.tmp');
  await rm(temporary, { force: true });
  try {
    await copyFile(from, temporary, constants.COPYFILE_EXCL);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new Failure('file-not-found', `there is no file ${from}`);
    throw error;
  }
  const file = await open(temporary, 'r+');
  try {
    await file.chmod(0o700);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, to);
  await syncDirectory(dirname(to));
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
