import { spawnSync } from 'node:child_process';

/** Words that run a command where file systems can be mounted that nobody else sees; undefined where the machine does not allow it. */
export function privateMounts(): readonly string[] | undefined {
  for (const words of [
    ['unshare', '-m'],
    ['unshare', '-Urm'],
  ]) {
    const [command = '', ...rest] = words;
    const tried = spawnSync(command, [...rest, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    if (tried.status === 0) return words;
  }
  process.stderr.write('tests with file systems of their own are skipped: this machine lets nobody mount one\n');
  return undefined;
}
