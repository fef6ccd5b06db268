import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectHub, type Hub } from '../../src/client/index.ts';
import { connectDevice, parseEndpoint } from '../../src/device/index.ts';
import { runHub } from '../../src/fleet/hub/index.ts';
import { createRollout, readRollout, verifyAudit } from '../../src/fleet/rollout/records/index.ts';
import type { HubInfo } from '../../src/hub/index.ts';
import { isJsonObject } from '../../src/std/json.ts';
import { lastingHubPorts } from '../support/lasting-ports.ts';
import { realClock } from '../support/real-clock.ts';
import { sampleFirmware, samplePlan } from '../support/sample-plan.ts';
import { connectionTo, eventually } from './test-hub.ts';

const content = randomBytes(1_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function startAt(dataDir: string, ports: Partial<HubInfo['ports']> = {}) {
  const kept = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, port ?? 0]));
  const options = {
    dataDir,
    ports: { ...(await lastingHubPorts()), ...kept },
    clock: realClock,
    pid: process.pid,
    version: 'test',
  };
  return runHub({ options, controller: { random: Math.random } });
}

/** A device that runs what it is offered a moment later; `last` is the state it stays in. */
async function addPump(hub: Hub, info: HubInfo, deviceId: string, last: 'confirmed' | 'downloading'): Promise<void> {
  const sharedAccessKey = randomBytes(32).toString('base64');
  const symmetricKey = { primaryKey: sharedAccessKey, secondaryKey: sharedAccessKey };
  await hub.devices.put({ deviceId, authentication: { type: 'sas', symmetricKey } as never });
  const device = await connectDevice({
    credentials: { hostName: info.hostName, deviceId, sharedAccessKey },
    endpoint: parseEndpoint(`mqtt://127.0.0.1:${info.ports.mqtt}`),
    clock: realClock,
    random: () => 0,
    limits: { backoff: { firstMs: 20, maximumMs: 200 }, connectTimeoutMs: 5_000, answerTimeoutMs: 15_000 },
    firstConnectMs: 5_000,
  });
  cleanUps.push(() => device.close());
  const before = { version: '1.0.0', digest: '1'.repeat(64), hardware: 'pump-v2', bootCount: 1 };
  await device.reportProperties({ firmware: { ...before, attempt: 0, seq: 0, state: 'idle' } });
  device.onDesired(({ desired }) => {
    const offer = desired['firmware'];
    if (!isJsonObject(offer)) return;
    const { rollout = '', attempt = 0 } = offer;
    const after = last === 'confirmed' ? { ...before, version: '2.0.0', digest: sha256, bootCount: 2 } : before;
    void device.reportProperties({ firmware: { ...after, rollout, attempt, seq: 1, state: last } });
  });
}

describe('a hub that drives its rollouts', () => {
  it('brings firmware to devices, also when it is stopped in the middle and started again', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'iotctl-rollout-'));
    cleanUps.push(() => rm(dataDir, { recursive: true, force: true }));
    const first = await startAt(dataDir);
    let run = first;
    cleanUps.push(() => run.stop());
    const client = (): Hub => {
      const connected = connectHub(connectionTo(run.info, `http://127.0.0.1:${run.info.ports.http}`), {
        clock: realClock,
        random: () => 0,
      });
      cleanUps.push(() => connected.close());
      return connected;
    };
    const hub = client();
    const ids = ['pump-00000', 'pump-00001', 'pump-00002', 'pump-00003'];
    for (const id of ids.slice(0, 3)) await addPump(hub, run.info, id, 'confirmed');
    await addPump(hub, run.info, 'pump-00003', 'downloading');
    const firmware = sampleFirmware({ sha256, size: content.length });
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield content;
    }
    await hub.artifacts.put({ sha256, size: content.length }, bytes);
    const plan = samplePlan(4, [1, 4], { firmware, policy: { bake: 0 } });
    await createRollout(hub.records, plan, { actor: 'test', now: Date.now() });
    await eventually(async () => {
      const { state } = await readRollout(hub.records, 'pump-2');
      expect(state?.summary.waves.map(({ states }) => states)).toEqual([
        { succeeded: 1 },
        { succeeded: 2, downloading: 1 },
      ]);
    });
    expect((await readRollout(hub.records, 'pump-2')).lease?.fence).toBe(1);

    await run.stop();
    run = await startAt(dataDir, first.info.ports);
    const again = client();
    await eventually(async () => {
      const { lease, state } = await readRollout(again.records, 'pump-2');
      expect([lease?.fence, lease?.released, state?.fence]).toEqual([2, undefined, 2]);
    });
    const { properties } = await again.twins.get('pump-00003');
    expect(properties.desired['firmware']).toMatchObject({ attempt: 1 });
    expect((await verifyAudit(again.records, 'pump-2')).problems).toEqual([]);
  }, 60_000);
});
