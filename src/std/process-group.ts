import type { ChildProcess } from 'node:child_process';
import { kill } from 'node:process';

/**
 * Ends a program with everything it has started. It was started as the leader of a group of its own (`detached`); where there are no
 * groups, it alone is ended.
 */
export function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    kill(-child.pid, signal);
  } catch {
    // No group, or all of it has ended meanwhile.
    child.kill(signal);
  }
}
