import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Resident memory of a process in megabytes (2^20 bytes), as the system reports it. */
export function residentMb(pid: number): number {
  return readKilobytes(pid) / 1024;
}

function readKilobytes(pid: number): number {
  if (process.platform === 'linux') {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (match !== null) return Number(match[1]);
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim());
}
