import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCore, type RunningCore } from '../../../../src/hub/core/core.ts';
import type { CloudToDeviceMessage } from '../../../../src/hub/core/messages/service.ts';
import { deviceToken, openCore, type CoreFixture } from '../../../support/core-fixture.ts';

let fixture: CoreFixture;
let core: RunningCore;

beforeEach(async () => {
  fixture = await openCore({ withLog: true });
  const { store, clock, telemetry, core: plain } = fixture;
  await plain.registry.put('pump', { deviceId: 'pump' }, undefined);
  const onError = (error: unknown): void => void fixture.errors.push(error);
  core = createCore({ store, telemetry, gatekeeper: plain.gatekeeper, clock, onError, imitation: { tier: 'S1' } });
});

afterEach(async () => {
  await core.close();
  await fixture.close();
});

/** Does it so often; answers how many were taken at once, refused, and made to wait. */
async function often(
  count: number,
  work: () => Promise<unknown>,
): Promise<Record<'done' | 'refused' | 'waiting', number>> {
  const tally = { done: 0, refused: 0, waiting: count };
  const settle = (name: 'done' | 'refused') => (): void => {
    tally[name]++;
    tally.waiting--;
  };
  for (let turn = 0; turn < count; turn++) work().then(settle('done'), settle('refused'));
  await expect.poll(() => tally.done + tally.refused).toBeGreaterThan(0);
  for (let turn = 0; turn < 5; turn++) await fixture.clock.advance(0);
  return tally;
}

it('devices that read their twins too often wait, then are refused', async () => {
  const tally = await often(500, () => core.twins.readAsDevice('pump'));
  expect(tally.refused).toBe(100);
  await fixture.clock.advance(3_000);
  await expect.poll(() => tally.done).toBe(400);
});

it('messages to devices are counted', async () => {
  // Three, because one device's queue holds 50.
  const devices = ['pump', 'pump-2', 'pump-3'];
  for (const deviceId of devices.slice(1)) await fixture.core.registry.put(deviceId, { deviceId }, undefined);
  const message: CloudToDeviceMessage = { ack: 'none', properties: {}, body: Buffer.from('1') };
  let turn = 0;
  const tally = await often(120, () => core.messages.send(devices[turn++ % 3] ?? '', message));
  expect(tally.refused).toBe(15);
});

it('connections are counted', async () => {
  const token = await deviceToken(fixture, 'pump');
  const tally = await often(450, () => core.gatekeeper.authenticateDevice({ identity: 'pump', token }));
  expect(tally.refused).toBe(50);
});

it('telemetry is counted, and what waits is stored in its turn', async () => {
  const { sender } = await core.gatekeeper.authenticateDevice({
    identity: 'pump',
    token: await deviceToken(fixture, 'pump'),
  });
  const outcomes: (Error | undefined)[] = [];
  for (let count = 0; count < 450; count++)
    core.telemetry.append(sender, fixture.clock.now(), '', Buffer.from('1'), (error) => outcomes.push(error));
  expect(outcomes.filter((error) => error !== undefined)).toHaveLength(50);
  await fixture.clock.advance(3_000);
  await expect.poll(async () => (await fixture.telemetry.stats()).messages).toBe(400);
});
