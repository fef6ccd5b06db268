import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { delimiter } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a server promises when it acknowledges a QoS 1 message; the page has a column for it. */
export type Promised =
  | 'on disk, synced'
  | 'in memory'
  | 'in memory, written every 30 min'
  | 'in a file, synced every 2 min'
  | 'nothing kept';

/** Another server for the same load, running. */
export interface Peer {
  readonly name: string;
  readonly promised: Promised;
  readonly pid: number;
  readonly port: number;
  /** With TLS, when it was asked for. */
  readonly tlsPort?: number;
  /** At once: nothing that a peer has is needed afterwards. */
  stop(): Promise<void>;
}

const startTimeoutMs = 10_000;
// Some systems keep daemons out of a user's PATH.
const path = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter);
const env = { ...process.env, PATH: path };

/** What a program of this machine prints; undefined when there is no such program. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  return error === undefined ? stdout + stderr : undefined;
}

/** Starts a server and resolves when its port answers. */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  const failed = once(child, 'error');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error(`${command} did not start: ${errors}`);
    }
    await Promise.race([delay(20), failed.then(([error]) => Promise.reject(error as Error))]);
  }
  if (child.pid === undefined) throw new Error(`${command} did not start`);
  return { pid: child.pid, stop };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
