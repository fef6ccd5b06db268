/** A small file system of memory that only processes started in it see; to be filled and emptied while they run. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdir } from 'node:fs/promises';
import { privateMounts } from '../../../e2e/must-hold/support/mount.ts';

export interface SmallDisk {
  readonly path: string;
  /** Words in front of a command that is to see it. */
  readonly before: readonly string[];
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  /** Runs a shell command there and answers what it says. */
  run(command: string): Promise<string>;
  close(): void;
}

/** Whether there can be one here. */
export const mounts = privateMounts();

export async function openSmallDisk(path: string, megabytes: number): Promise<SmallDisk> {
  await mkdir(path);
  const [command, ...words] = mounts ?? [];
  if (command === undefined) throw new Error('this machine lets nobody mount a file system');
  const shell = spawn(command, [...words, 'bash'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const end = '--- done ---';
  let said: string[] = [];
  let answered: ((text: string) => void) | undefined;
  createInterface({ input: shell.stdout }).on('line', (line) => {
    if (line !== end) {
      said.push(line);
      return;
    }
    answered?.(said.join('\n'));
    said = [];
  });
  const run = async (line: string): Promise<string> => {
    const answer = Promise.withResolvers<string>();
    answered = answer.resolve;
    shell.once('close', () => answer.reject(new Error('the shell ended')));
    shell.stdin.write(`${line}\necho '${end}'\n`);
    return answer.promise;
  };
  await run(`mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs '${path}'`);
  const user = words.some((word) => word.includes('U')) ? ['--user', '--preserve-credentials'] : [];
  return {
    path,
    before: ['nsenter', '--target', await run('echo $$'), ...user, '--mount', '--'],
    // Large pieces first, then what is left of a page.
    fill: async () =>
      void (await run(
        `dd if=/dev/zero of='${path}/filler' bs=64k status=none 2>/dev/null; dd if=/dev/zero of='${path}/filler2' bs=1k status=none 2>/dev/null; true`,
      )),
    free: async () => void (await run(`rm -f '${path}/filler' '${path}/filler2'`)),
    run,
    close: () => void shell.kill('SIGKILL'),
  };
}
