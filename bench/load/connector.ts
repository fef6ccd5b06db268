/**
 * Connects as many MQTT clients as it is told, so many at once, and says how long that took. Reads a {@link ConnectorPlan} as JSON
 * from standard input and writes a {@link ConnectorReport} as a line to standard output; connections stay open until standard
 * input ends when the plan says so.
 */
import { createInterface } from 'node:readline';
import type { Socket } from 'node:net';
import { localAddressOf } from './local-address.ts';
import { connectMqtt, type MqttIdentity } from './mqtt-connect.ts';

export interface ConnectorPlan {
  readonly port: number;
  /** With TLS when it is there: the CA in PEM. */
  readonly ca?: string;
  readonly clients: readonly MqttIdentity[];
  /** Connections on their way at the same time. */
  readonly atOnce: number;
  /** Keeps them open until standard input ends. */
  readonly hold: boolean;
}

export interface ConnectorReport {
  readonly connections: number;
  /** From the first connect to the last CONNACK. */
  readonly ms: number;
  /** Processor time of this process meanwhile. */
  readonly cpuMs: number;
}

const lines = createInterface({ input: process.stdin });
const input = lines[Symbol.asyncIterator]();
const plan = JSON.parse(String((await input.next()).value)) as ConnectorPlan;
const sockets: Socket[] = [];
const cpuBefore = process.cpuUsage();
const begin = performance.now();
let next = 0;
await Promise.all(Array.from({ length: plan.atOnce }, connectInTurn));
const ms = performance.now() - begin;
const { user, system } = process.cpuUsage(cpuBefore);
const report: ConnectorReport = { connections: sockets.length, ms, cpuMs: (user + system) / 1_000 };
process.stdout.write(`${JSON.stringify(report)}\n`);
let lost = 0;
for (const socket of sockets) socket.on('close', () => lost++);
if (plan.hold) await input.next();
if (lost > 0) throw new Error(`${lost} of ${sockets.length} connections were lost`);
process.exit();

async function connectInTurn(): Promise<void> {
  for (let index = next++; index < plan.clients.length; index = next++) {
    const client = plan.clients[index];
    if (client === undefined) return;
    const target = {
      port: plan.port,
      ...localAddressOf(index),
      ...(plan.ca === undefined ? {} : { ca: plan.ca }),
    };
    const socket = await connectMqtt(target, client);
    socket.on('error', () => undefined);
    socket.resume();
    sockets.push(socket);
  }
}
