/** A hub of its own process on a data directory that outlives it, to be killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HubInfo } from '../../../src/hub/index.ts';
import { launcher, type Sandbox } from '../../e2e/harness/sandbox.ts';
import { ownerToken } from '../../e2e/must-hold/support/hub-box.ts';
import { lastingHubPorts } from '../../support/lasting-ports.ts';

export interface HubProcess {
  readonly child: ChildProcess;
  readonly info: HubInfo;
  /** From the spawn until every listener was up, in milliseconds. */
  readonly readyMs: number;
  /** When it was spawned, Unix milliseconds. */
  readonly spawnedAt: number;
  /** Everything it wrote to standard error so far. */
  log(): string;
  /** A request to its HTTP port as the owner of the hub. */
  request(method: string, path: string, body?: unknown): Promise<Response>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface HubProcessOptions {
  readonly dataDir: string;
  /** The ports of an earlier process, to be had again; free ones, which others do not take meanwhile, when absent. */
  readonly ports?: Partial<HubInfo['ports']> | undefined;
  /** Which ports listen; plain MQTT and HTTP alone where absent: a start is faster then. */
  readonly listening?: readonly ListeningPort[];
  /** Words in front of the command, such as a tracer. */
  readonly before?: readonly string[];
  /** More words for `hub start`. */
  readonly words?: readonly string[];
  /** Words for node itself. */
  readonly nodeWords?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly readyTimeoutMs?: number;
}

const listeningPorts = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https'] as const;
export type ListeningPort = (typeof listeningPorts)[number];

/** The hub ended before it was ready. */
class HubDidNotStart extends Error {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;

  constructor(child: ChildProcess, said: string) {
    super(`the hub did not get ready (exit code ${child.exitCode}, signal ${child.signalCode}):\n${said}`);
    this.code = child.exitCode;
    this.signal = child.signalCode;
    this.said = said;
  }
}

const keptLog = 256 * 1024;

/** Starts `iotctl hub start` in the sandbox and resolves when it is ready. Throws {@link HubDidNotStart}. */
export async function startHubProcess(box: Sandbox, options: HubProcessOptions): Promise<HubProcess> {
  const {
    dataDir,
    ports = await lastingHubPorts(),
    listening = ['mqtt', 'http'],
    before = [],
    words = [],
    nodeWords = [],
    env = {},
    readyTimeoutMs = 120_000,
  } = options;
  const readyFile = join(box.directory, 'ready.json');
  await rm(readyFile, { force: true });
  const iotctl = [process.execPath, ...nodeWords, launcher, 'hub', 'start', '--data', dataDir];
  const [command = '', ...rest] = [
    ...before,
    ...iotctl,
    '--ready-file',
    readyFile,
    ...portWords(listening, ports),
    ...words,
  ];
  const spawnedAt = Date.now();
  const begin = performance.now();
  const child = spawn(command, rest, { env: { ...box.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-keptLog)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  while (!existsSync(readyFile)) {
    if (!isOver() && performance.now() - begin < readyTimeoutMs) {
      await delay(2);
      continue;
    }
    child.kill('SIGKILL');
    await ended;
    throw new HubDidNotStart(child, said);
  }
  const readyMs = performance.now() - begin;
  const info = JSON.parse(await readFile(readyFile, 'utf8')) as HubInfo;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    // A tracer in front of it does not hand every signal on.
    if (!isOver()) process.kill(info.pid, signal);
    await ended;
  };
  return {
    child,
    info,
    readyMs,
    spawnedAt,
    log: () => said,
    request: (method, path, body) => requestHub(info, method, path, body),
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      return child.exitCode;
    },
  };
}

function portWords(listening: readonly ListeningPort[], ports: Partial<HubInfo['ports']>): string[] {
  return listeningPorts.flatMap((name) => [
    `--${name}-port`,
    listening.includes(name) ? String(ports[name] ?? 0) : 'off',
  ]);
}

/** A request to a hub's HTTP port as its owner. */
export function requestHub(info: HubInfo, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`http://127.0.0.1:${info.ports.http}${path}${path.includes('?') ? '&' : '?'}api-version=2021-04-12`, {
    method,
    headers: {
      authorization: ownerToken(info, 86_400),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The key of a device, from a secret of the run: nobody has to hand on a list. Base64. */
export function deviceKey(secret: string, deviceId: string): string {
  return createHmac('sha256', secret).update(deviceId).digest('base64');
}

/** The ids of a run's devices, by number. */
export function deviceIdOf(index: number): string {
  return `d${index}`;
}

const devicesPerRequest = 100;

/** Registers devices 0 to `count` - 1 of a run. */
export async function registerDevices(hub: Pick<HubProcess, 'request'>, secret: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += devicesPerRequest) {
    const devices = Array.from({ length: Math.min(devicesPerRequest, count - from) }, (_, offset) => {
      const id = deviceIdOf(from + offset);
      const key = deviceKey(secret, id);
      return {
        id,
        importMode: 'create',
        status: 'enabled',
        authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } },
      };
    });
    const answer = await hub.request('POST', '/devices', devices);
    if (!answer.ok) throw new Error(`cannot register devices: ${answer.status} ${await answer.text()}`);
  }
}
