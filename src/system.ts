import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import type { System } from './cli/system.ts';
import type { Clock } from './std/clock.ts';

/** The real clock. */
const systemClock: Clock = {
  now: () => Date.now(),
  monotonic() {
    // Not performance.now(): the first use of that global loads its whole module.
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000 + nanoseconds / 1_000_000;
  },
  after(ms, fire, options) {
    const timer = setTimeout(fire, ms);
    if (options?.unref === true) timer.unref();
    return () => clearTimeout(timer);
  },
};

/** The real process. Standard input is opened only when it is read. */
export function openSystem(): System {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    platform: process.platform,
    homeDirectory: homedir(),
    clock: systemClock,
    random: () => Math.random(),
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    onSignal(name, handler) {
      process.on(name, handler);
      return () => process.off(name, handler);
    },
    onCrash(handler) {
      // A rejection that nobody handles ends here too.
      process.on('uncaughtException', handler);
      return () => process.off('uncaughtException', handler);
    },
    runtime: {
      node: process.versions.node,
      uid: process.getuid?.(),
      userName,
      pid: process.pid,
      program: [process.execPath, ...process.execArgv, ...process.argv.slice(1, 2)],
      version: readVersion,
      terminate,
    },
    exit: (code) => process.exit(code),
  };
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run as an id that nobody has.
    return undefined;
  }
}

function terminate(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGTERM');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

function readVersion(): string {
  // The same place seen from src and from dist.
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
