/**
 * Reads telemetry from a hub as `iotctl tail telemetry` and the gates of rollouts do, and reckons count and mean of a field for each
 * minute. Reads an {@link AggregatePlan} as JSON from standard input and writes an {@link AggregateReport} to standard output.
 */
import { text } from 'node:stream/consumers';
import { connectHub } from '../../src/client/index.ts';
import { connectionOfHub } from '../../src/fleet/hub/connection.ts';
import { selectFields } from '../../src/fleet/telemetry/index.ts';
import type { HubInfo } from '../../src/hub/index.ts';
import { openSystem } from '../../src/system.ts';

export interface AggregatePlan {
  readonly hub: HubInfo;
  readonly field: string;
  /** Unix ms. */
  readonly from: number;
  readonly until: number;
}

export interface AggregateReport {
  readonly messages: number;
  readonly minutes: number;
  /** From the request to the last message. */
  readonly ms: number;
}

const plan = JSON.parse(await text(process.stdin)) as AggregatePlan;
const { clock, random } = openSystem();
const hub = connectHub(connectionOfHub(plan.hub), { clock, random, userAgent: 'iotctl bench' });
const minutes = new Map<number, { count: number; sum: number }>();
let messages = 0;
const begin = performance.now();
for await (const batch of hub.telemetry.read({ from: { time: plan.from }, until: plan.until, follow: false })) {
  if (batch.lost > 0) throw new Error(`${batch.lost} messages are gone`);
  for (const message of batch.messages) {
    const [[, value] = []] = selectFields(message, [plan.field]);
    const minute = Math.floor(Date.parse(message.enqueuedTime) / 60_000);
    const total = minutes.get(minute) ?? { count: 0, sum: 0 };
    total.count++;
    total.sum += Number(value);
    minutes.set(minute, total);
    messages++;
  }
}
const report: AggregateReport = { messages, minutes: minutes.size, ms: performance.now() - begin };
await hub.close();
process.stdout.write(JSON.stringify(report));
