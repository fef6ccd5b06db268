/** C-05: the disk under a hub is full while devices send, and has room again. Nobody starts anything anew. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Sandbox } from '../../e2e/harness/sandbox.ts';
import type { HubProcess } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import type { Ingest } from './support/ingest.ts';
import { readJournal } from './support/journal.ts';
import { judge, unharmed } from './support/oracle.ts';
import { mounts, openSmallDisk } from './support/small-disk.ts';
import { stageOfTests } from './support/stage.ts';

const size = atScale({ smoke: { cycles: 1, devices: 20 }, full: { cycles: 20, devices: 200 } });
const diskMegabytes = 64;
const window = 10;
/** From the room that comes back to the next acknowledgement. */
const recoveryTargetMs = 5_000;
/** An operator hears what is wrong before he thinks that nothing happens. */
const operatorTargetMs = 10_000;

const stage = stageOfTests();

test.skipIf(mounts === undefined)('C-05 a full disk: no acknowledgement, one clear line, and on it goes', async () => {
  const { box, secret, startHub, startLoad, onEnd } = stage();
  const { devices } = size;
  const disk = await openSmallDisk(join(box.directory, 'small'), diskMegabytes);
  onEnd(() => disk.close());
  const hub = await startHub({ dataDir: join(disk.path, 'hub'), before: disk.before }, devices);
  const { ingest, journal } = startLoad(hub, { devices, window });
  await ingest.reaches(200);

  const recoveries: number[] = [];
  const answers: number[] = [];
  for (let cycle = 1; cycle <= size.cycles; cycle++) {
    await disk.fill();
    await noMoreThan(ingest, 500);
    const { acked } = ingest;
    answers.push(await operatorIsTold(box, `late-${cycle}`));
    expect((await hub.request('GET', `/twins/d0`)).status).toBe(200);
    await expectTelemetryReads(hub);
    expect(ingest.acked).toBe(acked);

    const freed = performance.now();
    await disk.free();
    await ingest.reaches(acked + size.devices);
    recoveries.push(Math.round(performance.now() - freed));
    const made = await hub.request('PUT', `/devices/late-${cycle}`, { deviceId: `late-${cycle}` });
    expect(made.status).toBe(200);
  }
  const { acked, sent } = await ingest.drain();
  const verdict = await judge(readStored(hub), await readJournal(journal, size.devices), secret);
  report('C-05', {
    cycles: size.cycles,
    ...verdict,
    recoveryMaxMs: Math.max(...recoveries),
    operatorToldMaxMs: Math.max(...answers),
  });
  expect(verdict).toMatchObject({ sent, acked, stored: sent, ...unharmed });
  expect(Math.max(...recoveries)).toBeLessThan(recoveryTargetMs);
  expect(Math.max(...answers)).toBeLessThan(operatorTargetMs);
});

/** Waits until nothing has been acknowledged for so long. */
async function noMoreThan(load: Ingest, quietMs: number): Promise<void> {
  for (let tries = 0, before = -1; tries < 60 && before !== load.acked; tries++) {
    before = load.acked;
    await delay(quietMs);
  }
}

/** A command that writes fails with one line that says why; how long that takes, in milliseconds. */
async function operatorIsTold(box: Sandbox, deviceId: string): Promise<number> {
  const begin = performance.now();
  const result = await box.run(['provision', deviceId, '--out', join(box.directory, `${deviceId}.csv`)]);
  const ms = Math.round(performance.now() - begin);
  const errors = result.stderr.split('\n').filter((line) => line.startsWith('error:'));
  expect({ code: result.code, errors }).toEqual({
    code: 1,
    errors: [expect.stringMatching(/disk of the hub is full/)],
  });
  return ms;
}

async function expectTelemetryReads(running: HubProcess): Promise<void> {
  let read = 0;
  for await (const line of readStored(running)) read += line.deviceId === '' ? 0 : 1;
  expect(read).toBeGreaterThan(0);
}
