/** C-01: a hub that is killed while devices send. What was acknowledged is there when it is back, once and in order. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { atScale, seededRandom } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { readJournal } from './support/journal.ts';
import { findMosquitto, readQueued, startMosquitto, subscribeForLater } from './support/mosquitto.ts';
import { judge, unharmed } from './support/oracle.ts';
import { stageOfTests } from './support/stage.ts';

const size = atScale({
  smoke: { kills: 2, devices: 100, window: 5, acked: 1_000, longestMs: 300, budgetMs: 60_000 },
  full: { kills: 200, devices: 1_000, window: 16, acked: 5_000_000, longestMs: 3_000, budgetMs: 1_500_000 },
});
const shortestMs = 200;

const stage = stageOfTests();

test('C-01 killed in mid-ingest: nothing that was acknowledged is lost', async () => {
  const random = seededRandom('C-01');
  const { secret, startHub, startLoad } = stage();
  const { devices, window } = size;
  let hub = await startHub({}, devices);
  const { ports } = hub.info;
  const { ingest, journal } = startLoad(hub, { devices, window });
  await ingest.reaches(1);

  const begin = performance.now();
  const starts: number[] = [];
  let kills = 0;
  // Bounded by time as well, so that a slow machine ends too; what was reached is in the figures.
  while ((kills < size.kills || ingest.acked < size.acked) && performance.now() - begin < size.budgetMs) {
    await delay(shortestMs + random() * (size.longestMs - shortestMs));
    const { acked } = ingest;
    await hub.kill();
    kills++;
    hub = await startHub({ ports });
    starts.push(hub.spawnedAt);
    await ingest.reaches(acked + 1);
  }
  const { acked, sent, resent } = await ingest.drain();
  const restarts = restartTimes(starts, ingest.firstAcks);
  const verdict = await judge(readStored(hub), await readJournal(journal, devices), secret);

  report('C-01', {
    kills,
    devices,
    ...verdict,
    resent,
    restartToFirstAckP50Ms: quantile(restarts, 0.5),
    restartToFirstAckP99Ms: quantile(restarts, 0.99),
    seconds: Math.round((performance.now() - begin) / 1_000),
  });
  expect(verdict).toMatchObject({ sent, acked, stored: sent, ...unharmed });
  expect(verdict.duplicatesAtOnce).toBeLessThanOrEqual(window);
  expect(kills).toBeGreaterThanOrEqual(size.kills);
  expect(acked).toBeGreaterThanOrEqual(size.acked);
});

const mosquitto = findMosquitto();

/** Shows that the oracle sees a loss where there is one, and how a broker with its persistence switched on fares. */
test.skipIf(mosquitto === undefined)(
  'C-01 calibration: the same load and the same oracle find what mosquitto loses',
  async () => {
    const { box, secret, startLoad } = stage();
    const directory = join(box.directory, 'mosquitto');
    await mkdir(directory);
    let broker = await startMosquitto(mosquitto ?? '', directory);
    try {
      await subscribeForLater(broker.port);
      const { devices, window } = size;
      const { ingest, journal } = startLoad({ port: broker.port }, { devices, window });
      await ingest.reaches(10_000);
      await broker.kill();
      const { acked } = ingest;
      broker = await startMosquitto(mosquitto ?? '', directory, broker.port);
      await subscribeForLater(broker.port);
      await ingest.reaches(acked + 1_000);
      await ingest.drain();
      const verdict = await judge(readQueued(broker.port), await readJournal(journal, devices), secret);
      report('C-01', { peer: 'mosquitto, persistence true', kills: 1, ...verdict });
      expect(verdict.lost).toBeGreaterThan(0);
      expect(verdict).toMatchObject({ phantoms: 0, orderBreaks: 0 });
    } finally {
      await broker.kill();
    }
  },
);

/** From each start of the hub to the first acknowledgement after it. */
function restartTimes(starts: readonly number[], acks: readonly number[]): number[] {
  return starts.flatMap((start) => {
    const ack = acks.find((at) => at >= start);
    return ack === undefined ? [] : [ack - start];
  });
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
}
