/** C-09: a backup of a hub that takes telemetry meanwhile, put back elsewhere: it holds all that was acknowledged before it began. */
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { readJournal } from './support/journal.ts';
import { judge, unharmed } from './support/oracle.ts';
import { stageOfTests } from './support/stage.ts';

const size = atScale({ smoke: { backups: 1, devices: 20 }, full: { backups: 20, devices: 500 } });
const window = 10;
const between = 1_000;

const stage = stageOfTests();

test('C-09 a backup under load is one state of the hub: nothing before it is missing, nothing in it is made up', async () => {
  const { box, secret, startHub, startLoad } = stage();
  const { devices } = size;
  const dataDir = join(box.directory, 'hub');
  const { ingest, journal } = startLoad(await startHub({ dataDir }, devices), { devices, window });

  for (let round = 1; round <= size.backups; round++) {
    await ingest.reaches(ingest.acked + between);
    const before = join(box.directory, `journal-${round}`);
    await copyFile(journal, before);
    const { acked } = ingest;
    const archive = join(box.directory, `backup-${round}.tar.zst`);
    expect(await box.run(['hub', 'backup', archive, '--data', dataDir])).toMatchObject({ code: 0 });
    const ackedMeanwhile = ingest.acked - acked;
    // Nothing of it is needed while the backup is looked into; what came meanwhile would make each round twice as long as the last.
    if (round === size.backups) await ingest.drain();
    else ingest.rest();

    const elsewhere = join(box.directory, `restored-${round}`);
    expect(await box.run(['hub', 'restore', archive, '--data', elsewhere, '--yes'])).toMatchObject({ code: 0 });
    expect(await box.run(['hub', 'verify', '--data', elsewhere])).toMatchObject({ code: 0 });
    const restored = await startHub({ dataDir: elsewhere });
    const sent = await readJournal(journal, devices);
    const known = await readJournal(before, devices);
    const expected = sent.map((device, index) => ({ ...device, acked: known[index]?.acked ?? 0 }));
    const verdict = await judge(readStored(restored), expected, secret);
    report('C-09', { round, ...verdict, ackedMeanwhile });
    expect(verdict).toMatchObject(unharmed);
    expect(verdict.acked).toBeGreaterThan(0);
    await restored.kill();
    await Promise.all([archive, elsewhere, before].map((path) => rm(path, { recursive: true, force: true })));
    ingest.goOn();
  }
});
