/** C-30: a device with good credentials of its own tries everything it may do on everybody else, in every spelling. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { report } from '../support/report.ts';
import { startLiveHub, type LiveHub } from './support/live-hub.ts';
import { spellings, victims } from './support/spellings.ts';
import { httpCells } from './support/http-cells.ts';
import type { Attempt } from './support/attempt.ts';
import { event, putToken, sendAndSettle } from '../../support/amqp-front.ts';
import { mqttCells } from './support/mqtt-cells.ts';
import { amqpCells } from './support/amqp-cells.ts';
import { otherCells } from './support/other-cells.ts';

let hub: LiveHub;
beforeAll(async () => {
  hub = await startLiveHub();
  await hub.make('dev1', ...victims, 'dev1/m1', 'dev2/m1', 'callee');
});
afterAll(() => hub.close());

/** What of the victims must not change: twins, identities, queues. */
async function stateOfVictims(): Promise<string> {
  const token = hub.ownerToken();
  const parts: string[] = [];
  for (const victim of victims) {
    const id = encodeURIComponent(victim);
    const identity = await hub.request('GET', `/devices/${id}`, { token });
    const twin = await hub.request('GET', `/twins/${id}`, { token });
    expect([identity.status, twin.status]).toEqual([200, 200]);
    const { connectionState, cloudToDeviceMessageCount, etag } = JSON.parse(identity.text) as Record<string, unknown>;
    parts.push(JSON.stringify([victim, connectionState, cloudToDeviceMessageCount, etag, twin.text]));
  }
  return parts.join('\n');
}

async function queueForVictims(): Promise<void> {
  const connection = hub.amqp();
  expect(await putToken(connection, hub.ownerToken())).toMatchObject({ status: 200 });
  const sender = connection.open_sender('/messages/devicebound');
  await event(sender, 'sendable');
  for (const victim of victims) {
    const to = `/devices/${encodeURIComponent(victim)}/messages/devicebound`;
    expect(await sendAndSettle(sender, { to, body: `secret of ${victim}` })).toEqual({ outcome: 'accepted' });
  }
  connection.close();
}

it('C-30 own passes, and nothing else does', async () => {
  await queueForVictims();
  const before = await stateOfVictims();
  const cells: Attempt[] = [
    ...mqttCells(hub, spellings),
    ...httpCells(hub, spellings),
    ...amqpCells(hub, spellings),
    ...(await otherCells(hub, spellings)),
  ];
  const wrong: string[] = [];
  const unnoted: string[] = [];
  let refused = 0;
  for (const { name, own, run } of cells) {
    const notesBefore = hub.logged.length;
    const result = await run().catch((error: unknown) => `failed: ${String(error)}`);
    if (result !== (own ? 'passed' : 'refused')) wrong.push(`${name}: ${result}`);
    if (!own && result === 'refused') {
      refused++;
      if (hub.logged.length === notesBefore) unnoted.push(name);
    }
  }
  report('C-30', { cells: cells.length, refused, wrong: wrong.length, withoutNote: unnoted.length });
  expect(wrong).toEqual([]);
  expect(unnoted).toEqual([]);
  expect(cells.length).toBeGreaterThanOrEqual(500);
  expect(await stateOfVictims()).toBe(before);
  expect(await sendersOfTelemetry()).toEqual(['dev1']);
  expect(hub.logged.filter(({ level }) => level === 'error')).toEqual([]);
});

/** Who has sent, as the hub tells back ends. */
async function sendersOfTelemetry(): Promise<string[]> {
  const answer = await hub.request('GET', '/iotctl/telemetry?from=earliest', { token: hub.ownerToken() });
  const senders = new Set<string>();
  for (const line of answer.text.split('\n')) {
    const device = /"d":"([^"]*)"/.exec(line)?.[1];
    const module = /"m":"([^"]+)"/.exec(line)?.[1];
    if (device !== undefined) senders.add(module === undefined ? device : `${device}/${module}`);
  }
  return [...senders].toSorted();
}
