/**
 * Fills the telemetry log of a hub that does not run, by the door the hub itself uses: a second of a fleet at a time, each waited
 * for until it is on disk. Reads a {@link HistoryPlan} as JSON from standard input.
 */
import { text } from 'node:stream/consumers';
import type { Sender } from '../../src/hub/core/ports.ts';
import { openTelemetryLog } from '../../src/hub/store/log/index.ts';
import { openSystem } from '../../src/system.ts';
import { makeBodies } from './bodies.ts';

export interface HistoryPlan {
  /** Of the log; its directory is there. */
  readonly file: string;
  readonly messages: number;
  readonly devices: readonly string[];
  /** Sends one message, the very first, and is silent from then on. */
  readonly rare: string;
  readonly bodyBytes: number;
  /** When the first message came, Unix ms; from then on every device sends one each second. */
  readonly since: number;
}

const bag = '%24.ct=application%2Fjson&%24.ce=utf-8';

const plan = JSON.parse(await text(process.stdin)) as HistoryPlan;
const bodies = makeBodies(plan.bodyBytes);
const senders = plan.devices.map(senderOf);
const log = await openTelemetryLog({ file: plan.file, clock: openSystem().clock });
await storeAll([senderOf(plan.rare)], 0, plan.since);
for (let stored = 1; stored < plan.messages; stored += senders.length) {
  const second = Math.floor(stored / senders.length);
  await storeAll(senders.slice(0, plan.messages - stored), stored, plan.since + second * 1_000);
}
await log.close();

function senderOf(deviceId: string): Sender {
  const auth = { scope: 'device', type: 'sas', issuer: 'iothub' } as const;
  return { deviceId, moduleId: '', generationId: '638000000000000000', auth, modelId: '', source: 'Telemetry' };
}

function storeAll(from: readonly Sender[], first: number, time: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let waiting = from.length;
    const stored = (error?: Error): void => {
      if (error !== undefined) reject(error);
      else if (--waiting === 0) resolve();
    };
    for (const [index, sender] of from.entries()) {
      const body = bodies[(first * 7 + index * 61) % bodies.length] ?? Buffer.alloc(0);
      log.append(sender, time + (index % 1_000), bag, body, stored);
    }
  });
}
