/** C-09: a backup of a hub that takes telemetry meanwhile, put back elsewhere: it holds all that was acknowledged before it began. */
import { randomBytes } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../../e2e/harness/sandbox.ts';
import { registerDevices, startHubProcess, type HubProcess } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { startIngest, type Ingest } from './support/ingest.ts';
import { readJournal } from './support/journal.ts';
import { judge } from './support/oracle.ts';

const size = atScale({ smoke: { backups: 1, devices: 20 }, full: { backups: 20, devices: 500 } });
const window = 10;
const between = 1_000;

let box: Sandbox;
let hub: HubProcess | undefined;
let restored: HubProcess | undefined;
let ingest: Ingest | undefined;

beforeEach(async () => {
  box = await createSandbox();
});

afterEach(async () => {
  ingest?.end();
  await hub?.kill();
  await restored?.kill();
  await box.remove();
});

test('C-09 a backup under load is one state of the hub: nothing before it is missing, nothing in it is made up', async () => {
  const secret = randomBytes(16).toString('hex');
  const journal = join(box.directory, 'journal');
  const dataDir = join(box.directory, 'hub');
  hub = await startHubProcess(box, { dataDir });
  await registerDevices(hub, secret, size.devices);
  const { ports, hostName } = hub.info;
  ingest = startIngest({ port: ports.mqtt ?? 0, hostName, journal, devices: size.devices, window, secret });

  for (let round = 1; round <= size.backups; round++) {
    await ingest.reaches(ingest.acked + between);
    const before = join(box.directory, `journal-${round}`);
    await copyFile(journal, before);
    const { acked } = ingest;
    const archive = join(box.directory, `backup-${round}.tar.zst`);
    expect(await box.run(['hub', 'backup', archive, '--data', dataDir])).toMatchObject({ code: 0 });
    const ackedMeanwhile = ingest.acked - acked;
    // Nothing more is needed of the load, which would only stand in the way of what follows.
    if (round === size.backups) await ingest.drain();

    const elsewhere = join(box.directory, `restored-${round}`);
    expect(await box.run(['hub', 'restore', archive, '--data', elsewhere, '--yes'])).toMatchObject({ code: 0 });
    expect(await box.run(['hub', 'verify', '--data', elsewhere])).toMatchObject({ code: 0 });
    restored = await startHubProcess(box, { dataDir: elsewhere });
    const sent = await readJournal(journal, size.devices);
    const known = await readJournal(before, size.devices);
    const expected = sent.map((device, index) => ({ ...device, acked: known[index]?.acked ?? 0 }));
    const verdict = await judge(readStored(restored), expected, secret);
    report('C-09', { round, ...verdict, ackedMeanwhile });
    expect(verdict).toMatchObject({ lost: 0, phantoms: 0, orderBreaks: 0, wrongDuplicates: 0 });
    expect(verdict.acked).toBeGreaterThan(0);
    await restored.kill();
  }
});
