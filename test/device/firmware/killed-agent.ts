/** Kills a process that updates its machine at a given system call, starts it again, and looks at what is left. */
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../../src/protocol/firmware/index.ts';
import { startFileServer, type FileServer } from './file-server.ts';
import { imageOf, newKey, offerOf, oldImage, sha256, trustOf } from './memory-device.ts';

const child = fileURLToPath(new URL('../../support/updating-child.ts', import.meta.url));
/** Whatever leaves something behind. */
const calls =
  'write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,symlink,symlinkat,fchmod,mkdir,copy_file_range,sendfile';

/** Why there is nothing to kill with; undefined when there is. */
export function straceProblem(): string | undefined {
  const tried = spawnSync('strace', [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'inject=getppid:signal=SIGKILL:when=1',
    'true',
  ]);
  return tried.error === undefined && tried.status === 0 ? undefined : 'there is no strace that may trace here';
}

export interface KilledAgent {
  readonly image: Buffer;
  /** Updates a new machine and kills it at the n-th call of each of its threads. */
  killAt(n: number, options?: { readonly selfTest?: 'passes' | 'fails' }): Promise<Aftermath>;
  close(): Promise<void>;
}

export interface Aftermath {
  /** false when it came to its end before. */
  readonly wasKilled: boolean;
  /** SHA-256 of what boots right after the kill; undefined for a machine that was not set up yet. */
  readonly bootable: string | undefined;
  /** SHA-256 of what boots in the end, and the last report. */
  readonly final: string | undefined;
  readonly report: Report | undefined;
  readonly seqs: readonly number[];
}

export async function killedAgent(): Promise<KilledAgent> {
  const image = imageOf('new', 300_000);
  const key = newKey();
  const server: FileServer = await startFileServer(image);
  return {
    image,
    async killAt(n, { selfTest = 'passes' } = {}) {
      const root = await mkdtemp(join(tmpdir(), 'iotctl-killed-'));
      try {
        const directory = join(root, 'firmware');
        const hooks = join(directory, 'hooks');
        await mkdir(hooks, { recursive: true, mode: 0o700 });
        const hook = async (name: string, text: string): Promise<void> => {
          await writeFile(join(hooks, name), `#!/bin/sh\n${text}\n`);
          await chmod(join(hooks, name), 0o700);
        };
        await hook('activate', 'exit 0');
        await hook('self-test', selfTest === 'passes' ? 'exit 0' : 'test "$IOTCTL_FIRMWARE_SLOT" = a');
        const offer = join(root, 'offer.json');
        await writeFile(join(root, 'old.bin'), oldImage);
        await writeFile(join(root, 'trust.json'), JSON.stringify(trustOf([key])));
        await writeFile(offer, JSON.stringify({ ...offerOf(key, image), url: server.url }));
        const strace = [
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          `trace=${calls}`,
          '-e',
          `inject=${calls}:signal=SIGKILL:when=${n}`,
        ];
        const program = [process.execPath, child, directory, offer];
        const wasKilled = await run('strace', [...strace, ...program]);
        const isSetUp = (await readFile(join(directory, 'state.json')).catch(() => undefined)) !== undefined;
        const bootable = isSetUp ? ((await boots(directory)) ?? 'nothing') : undefined;
        if (wasKilled && (await run(process.execPath, program.slice(1)))) throw new Error('the agent was killed again');
        const lines = (await readFile(join(root, 'reports'), 'utf8')).split('\n');
        const reports = lines.flatMap((line) => parsed(line));
        return {
          wasKilled,
          bootable,
          final: await boots(directory),
          report: reports.at(-1),
          seqs: reports.map(({ seq }) => seq),
        };
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
    close: () => server.close(),
  };
}

/** Runs a program to its end, or to the end that is made of it: true for that. */
async function run(command: string, args: readonly string[]): Promise<boolean> {
  // One thread for files, so that their calls come in one order.
  const env = { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1' };
  const program = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  program.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    program.once('close', (...end) => resolve(end));
  });
  const wasKilled = signal !== null || code === 137;
  if (code !== 0 && !wasKilled) throw new Error(`the agent ended with ${code}: ${words}`);
  return wasKilled;
}

async function boots(directory: string): Promise<string | undefined> {
  const slot = await readlink(join(directory, 'current')).catch(() => undefined);
  if (slot === undefined) return undefined;
  return readFile(join(directory, slot, 'image')).then(sha256, () => undefined);
}

/** A line that was cut off is none. */
function parsed(line: string): Report[] {
  try {
    return [JSON.parse(line) as Report];
  } catch {
    return [];
  }
}
