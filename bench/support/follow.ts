import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { microseconds } from '../load/clock.ts';
import { stopChild } from './processes.ts';

/** A program that prints messages as they come, with how long each was on its way. */
export interface Follower {
  readonly pid: number;
  /** The milliseconds of so many messages since the last call. Throws when they do not come, or when more do. */
  take(count: number): Promise<readonly number[]>;
  /** How many have come since the last call, when no more do. */
  seen(): Promise<number>;
  stop(): Promise<void>;
}

const comeTimeoutMs = 15_000;
const sent = /"sent":(\d+)/g;

/** Starts it. Whatever it prints through its pipe is read at once; a message is one line that has a `sent` of the pacer. */
export async function follow(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Follower> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  await once(child, 'spawn');
  let times: number[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const now = microseconds();
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) for (const [, time] of line.matchAll(sent)) times.push((now - Number(time)) / 1_000);
  });
  return {
    pid: child.pid ?? 0,
    async take(count) {
      const deadline = performance.now() + comeTimeoutMs;
      while (times.length < count && performance.now() < deadline && child.exitCode === null) await delay(20);
      const taken = times;
      times = [];
      if (taken.length !== count) throw new Error(`${taken.length} of ${count} messages came: ${errors}`);
      return taken;
    },
    async seen() {
      for (let before = -1; before !== times.length;) {
        before = times.length;
        await delay(200);
      }
      const count = times.length;
      times = [];
      return count;
    },
    stop: () => stopChild(child),
  };
}
