/**
 * C-02: the power goes. Every call that changes a file is recorded while a hub works; then the disk is put together as it would be found
 * after a cut at this or that call, with what was synced and with some or none of the rest, and opened.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { atScale, seededRandom } from '../support/scale.ts';
import { copyOf, diskCalls, DiskModel, parseCalls, type DiskEvent, type Unsynced } from './support/disk-model.ts';
import { makeOlderData } from './support/older-data.ts';
import { openAndCheck } from './support/reopen.ts';
import { newWitness, playScenario, type Witness } from './support/scenario.ts';
import { canTrace, startTraced } from './support/traced-hub.ts';

const size = atScale({ smoke: { cuts: 3 }, full: { cuts: 300 } });
const secret = 'c02';
const kinds: readonly Unsynced[] = ['nothing', 'some', 'everything'];

let directory: string;
let template: string;
let dataDir: string;
let events: readonly DiskEvent[];
let final: Witness;
/** What was acknowledged when. */
let acks: readonly { readonly at: number; readonly witness: Witness }[];

const traced = canTrace();

beforeAll(async () => {
  if (!traced) return;
  directory = await mkdtemp(join(tmpdir(), 'iotctl-c02-'));
  template = join(directory, 'template');
  await makeOlderData(template, secret, Date.now());
  dataDir = join(directory, 'recorded');
  copyOf(template, dataDir);
  const output = join(directory, 'calls');
  const hub = await startTraced(directory, dataDir, { calls: diskCalls, output, whole: true });
  const seen: { at: number; witness: Witness }[] = [];
  final = newWitness(secret, (witness) => seen.push({ at: Date.now(), witness: structuredClone(witness) }));
  await playScenario(hub.info ?? expect.fail(hub.log()), final);
  await hub.stop();
  acks = seen;
  events = parseCalls(await readFile(output, 'latin1'), dataDir);
});

afterAll(async () => {
  if (traced) await rm(directory, { recursive: true, force: true });
});

test.skipIf(!traced)('C-02 a power cut, whenever it comes: what was acknowledged is there', async () => {
  const random = seededRandom('C-02');
  const syncs = events.filter(({ kind }) => kind === 'sync').length;
  expect({ syncs: syncs > 50, acks: acks.length > 50 }).toEqual({ syncs: true, acks: true });
  const wrong: string[] = [];
  for (let run = 0; run < size.cuts; run++) {
    // One cut in each part of the story, so that few of them see all of it.
    const cut = Math.floor(((run + random()) / size.cuts) * events.length);
    const unsynced = kinds[run % kinds.length] ?? 'nothing';
    for (const what of await cutAt(cut, unsynced, false, random)) wrong.push(`cut ${cut} (${unsynced}): ${what}`);
  }
  report('C-02', { calls: events.length, syncs, acknowledged: acks.length, cuts: size.cuts, wrong: wrong.length });
  expect(wrong).toEqual([]);
});

test.skipIf(!traced)('C-02 calibration: on a disk that does not sync the same question finds a loss', async () => {
  const wrong = await cutAt(events.length - 1, 'nothing', true, seededRandom('C-02 calibration'));
  report('C-02', { calibration: 'a disk that says synced and is not', wrong: wrong.length });
  expect(wrong.length).toBeGreaterThan(0);
});

async function cutAt(cut: number, unsynced: Unsynced, lies: boolean, random: () => number): Promise<readonly string[]> {
  const model = new DiskModel(dataDir, template, { lies });
  for (const event of events.slice(0, cut + 1)) model.apply(event);
  const found = await mkdtemp(join(directory, 'found-'));
  try {
    model.writeTo(found, unsynced, random);
    const at = events[cut]?.at ?? 0;
    // Seen by somebody before this call began.
    const known = acks.findLast((ack) => ack.at < at - 1)?.witness ?? newWitness(secret);
    return await openAndCheck(found, expectedOf(known));
  } finally {
    await rm(found, { recursive: true, force: true });
  }
}

/** What was acknowledged by then must be there; what was begun at all may be. */
function expectedOf(known: Witness): Witness {
  const counter = (name: 'desired' | 'tags' | 'record' | 'configuration') => ({
    begun: final[name].begun,
    acked: known[name].acked,
  });
  return {
    ...final,
    telemetry: new Map([...final.telemetry.keys()].map((name) => [name, known.telemetry.get(name) === true])),
    desired: counter('desired'),
    tags: counter('tags'),
    record: counter('record'),
    configuration: counter('configuration'),
    devices: new Map(
      [...final.devices].map(([id, { there }]) => {
        const before = known.devices.get(id);
        return [id, { there, acked: before?.acked === true && before.there === there }];
      }),
    ),
    artifacts: new Map([...final.artifacts.keys()].map((name) => [name, known.artifacts.get(name) === true])),
  };
}
