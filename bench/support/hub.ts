/** A real hub in its own process, started as a user starts it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { provisionDevices, type BenchDevice } from './devices.ts';
import { stopChild } from './processes.ts';
import { launcher, type Workspace } from './workspace.ts';

export interface BenchHub {
  readonly pid: number;
  readonly hostName: string;
  readonly mqttPort: number;
  readonly mqttsPort: number;
  readonly amqpPort: number;
  readonly caFile: string;
  /** Of the Event Hubs-compatible endpoint. A secret. */
  readonly eventHubConnectionString: string;
  /** From spawn until every listener was up. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

const readyTimeoutMs = 60_000;
const pollMs = 5;

export async function startHub(workspace: Workspace): Promise<BenchHub> {
  const readyFile = join(workspace.directory, 'ready.json');
  const ports = ['--mqtt-port', '--mqtts-port', '--amqp-port', '--amqps-port', '--http-port', '--https-port'].flatMap(
    (flag) => [flag, '0'],
  );
  const args = [
    launcher,
    'hub',
    'start',
    '--data',
    join(workspace.directory, 'hub'),
    '--ready-file',
    readyFile,
    ...ports,
  ];
  const begin = performance.now();
  const child = spawn(process.execPath, args, { env: workspace.env, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  while (!existsSync(readyFile)) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() - begin > readyTimeoutMs) {
      await stopChild(child);
      throw new Error(`the hub did not get ready: ${errors}`);
    }
    await delay(pollMs);
  }
  const readyMs = performance.now() - begin;
  const ready = JSON.parse(await readFile(readyFile, 'utf8')) as {
    hostName: string;
    ports: { mqtt: number; mqtts: number; amqp: number };
    caFile: string;
    eventHubConnectionString: string;
    pid: number;
  };
  return {
    pid: ready.pid,
    hostName: ready.hostName,
    mqttPort: ready.ports.mqtt,
    mqttsPort: ready.ports.mqtts,
    amqpPort: ready.ports.amqp,
    caFile: ready.caFile,
    eventHubConnectionString: ready.eventHubConnectionString,
    readyMs,
    stop: () => stopChild(child),
  };
}

/** A hub that has just been started and has these devices: another one before it has registered them, so that its memory is fresh. */
export async function startHubWith(workspace: Workspace, devices: readonly BenchDevice[]): Promise<BenchHub> {
  const first = await startHub(workspace);
  try {
    await provisionDevices(workspace, devices);
  } finally {
    await first.stop();
  }
  return startHub(workspace);
}
