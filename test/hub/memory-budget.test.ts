import { expect, test } from 'vitest';
import { createMemoryBudget } from '../../src/hub/memory-budget.ts';
import { createMqttFront } from '../../src/hub/mqtt/index.ts';
import { silentLog } from '../../src/hub/log.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryCore } from '../support/memory-core.ts';
import { connectPacket, startPeer } from '../support/mqtt-front.ts';
import { duplexPair } from 'node:stream';

test('room is taken as long as there is some, and can be given back', () => {
  const budget = createMemoryBudget(100);
  expect([budget.hold(60), budget.hold(41), budget.hold(40), budget.held, budget.refused]).toEqual([
    true,
    false,
    true,
    100,
    1,
  ]);
  budget.release(60);
  expect([budget.hold(50), budget.held]).toEqual([true, 90]);
});

test('unfinished packets of all devices share the room: who needs more is cut, and what ends gives its room back', async () => {
  const clock = fakeClock();
  const core = memoryCore(clock);
  for (const id of ['d1', 'd2', 'd3']) core.devices.set(id, { token: 'token', reported: {}, desired: {} });
  const unfinished = createMemoryBudget(200_000);
  const front = createMqttFront({ core, clock, log: silentLog, unfinished });
  const device = async (id: string) => {
    const [hubSide, peerSide] = duplexPair();
    front.accept(hubSide, { remote: 'test', secure: false });
    const peer = startPeer(peerSide);
    peer.send(connectPacket(id));
    await peer.next();
    return peer;
  };
  const [first, second, third] = [await device('d1'), await device('d2'), await device('d3')];
  // A PUBLISH that announces 200,000 bytes; half of it comes.
  const half = Buffer.concat([Buffer.from([0x30, 0xc0, 0x9a, 0x0c, 0, 2, 0x78, 0x78]), Buffer.alloc(70_000)]);
  first.write(half);
  await expect.poll(() => unfinished.held).toBeGreaterThan(70_000);
  second.write(half);
  await second.closed;
  expect(unfinished.refused).toBe(1);
  first.stream.destroy();
  await expect.poll(() => unfinished.held).toBe(0);
  third.write(half);
  await expect.poll(() => unfinished.held).toBeGreaterThan(70_000);
  expect(third.isClosed).toBe(false);
});
