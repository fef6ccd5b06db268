import { spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopChild } from './processes.ts';

export interface Mosquitto {
  readonly version: string;
  readonly port: number;
  stop(): Promise<void>;
}

const startTimeoutMs = 10_000;
// Some systems keep daemons out of a user's PATH.
const path = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter);

/**
 * Starts mosquitto on a free loopback port with its in-flight limits lifted; undefined when it is not installed.
 * `set_tcp_nodelay` stays off: it halves what mosquitto acknowledges here, and a peer is shown at its best.
 */
export async function startMosquitto(directory: string): Promise<Mosquitto | undefined> {
  const help = spawnSync('mosquitto', ['-h'], { encoding: 'utf8', env: { ...process.env, PATH: path } });
  if (help.error !== undefined) return undefined;
  const port = await freePort();
  const configuration = join(directory, 'mosquitto.conf');
  const settings = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'log_type error',
  ];
  await writeFile(configuration, `${settings.join('\n')}\n`);
  const child = spawn('mosquitto', ['-c', configuration], { stdio: 'ignore', env: { ...process.env, PATH: path } });
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await stopChild(child);
      throw new Error('mosquitto did not start');
    }
    await delay(20);
  }
  return { version: /mosquitto version (\S+)/.exec(help.stdout)?.[1] ?? 'unknown', port, stop: () => stopChild(child) };
}

async function freePort(): Promise<number> {
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
