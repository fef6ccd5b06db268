/** C-06: a bit, a page or the end of a file is not what was written. It is found, wrong bytes are never served as good, and nothing is removed. */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHub, verifyHub, type HubInfo, type RunningHub } from '../../../src/hub/index.ts';
import { realClock } from '../../support/real-clock.ts';
import { requestHub } from '../support/hub-process.ts';
import { report } from '../support/report.ts';
import { atScale, seededRandom } from '../support/scale.ts';
import { readStored } from '../support/stored-telemetry.ts';
import { makeOlderData, olderData } from './support/older-data.ts';
import { newWitness, playScenario, type Witness } from './support/scenario.ts';

const size = atScale({ smoke: { damages: 10 }, full: { damages: 1_000 } });
const secret = 'c06';
const pageBytes = 4_096;

let directory: string;
/** As a hub that was stopped leaves it, and as one that was killed does. */
let stopped: string;
let killed: string;
let witness: Witness;
/** Without the port, which is another in each run. */
let uploadUrl: string;
const uploaded = 'a line of a log\n'.repeat(4_000);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-c06-'));
  stopped = join(directory, 'stopped');
  killed = join(directory, 'killed');
  await makeOlderData(stopped, secret, Date.now());
  await (await open(stopped)).close();
  witness = newWitness(secret);
  const hub = await open(stopped);
  await playScenario(hub.info, witness);
  uploadUrl = await upload(hub.info);
  // What is on the disk while it runs is what it would leave if it were killed now.
  await cp(stopped, killed, { recursive: true });
  await hub.close();
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function upload(info: HubInfo): Promise<string> {
  const granted = (await (await requestHub(info, 'POST', '/iotctl/containers/logs', {})).json()) as { uri: string };
  const { pathname, search } = new URL(granted.uri);
  const path = `${pathname}/a.log${search}`;
  const answer = await fetch(`http://127.0.0.1:${info.ports.http}${path}`, {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2023-11-03' },
    body: uploaded,
  });
  expect(answer.status).toBe(201);
  return path;
}

type Damage = 'bit' | 'page' | 'end';
const damages: readonly Damage[] = ['bit', 'page', 'end'];

test('C-06 a file that the disk changed: found, never served as good, never removed', async () => {
  const random = seededRandom('C-06');
  const journals = (await filesOf(killed)).filter((file) => file.endsWith('-wal'));
  const others = await filesOf(stopped);
  const databases = others.filter((file) => file.endsWith('.db'));
  const targets = [
    // The largest part of what a hub keeps, so more often than their number.
    ...[...databases, ...databases, ...databases, ...others].map((file) => ({ from: stopped, file })),
    ...[...journals, ...journals].map((file) => ({ from: killed, file })),
  ];
  for (const dataDir of [stopped, killed]) expect((await verifyHub({ dataDir })).problems).toEqual([]);
  const counts = { found: 0, refused: 0, 'without effect': 0, unchanged: 0 };
  const wrong: string[] = [];
  for (let run = 0; run < size.damages; run++) {
    const { from, file } = targets[run % targets.length] ?? { from: stopped, file: 'registry.db' };
    const chosen = damages[Math.floor(run / targets.length) % damages.length] ?? 'bit';
    // A journal that ends early is the journal of an earlier time, and nothing in it could say otherwise.
    const damage = file.endsWith('-wal') && chosen === 'end' ? 'page' : chosen;
    const outcome = await damageOne(from, file, damage, random);
    for (const what of outcome.wrong) wrong.push(`${file} ${damage} (run ${run}): ${what}`);
    counts[outcome.kind] += 1;
  }
  report('C-06', { damages: size.damages, files: targets.length, ...counts, wrong: wrong.length });
  expect(wrong).toEqual([]);
});

async function filesOf(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(dataDir.length + 1)).filter((file) => !/^hub\.|-shm$|\.part$/.test(file));
}

interface Outcome {
  /** Found by verify; or by the start alone, which refuses; or by none, while all that is served is right: it hit what nothing uses. */
  readonly kind: 'found' | 'refused' | 'without effect' | 'unchanged';
  readonly wrong: readonly string[];
}

async function damageOne(from: string, file: string, damage: Damage, random: () => number): Promise<Outcome> {
  const dataDir = await mkdtemp(join(directory, 'run-'));
  try {
    await cp(from, dataDir, { recursive: true });
    const path = join(dataDir, file);
    const before = await readFile(path);
    // The last transaction of a journal looks like a write that was cut short (decision 0027).
    const part = file.endsWith('-wal') ? 0.8 : 1;
    const after = damaged(before, damage, () => random() * part);
    if (after.equals(before)) return { kind: 'unchanged', wrong: [] };
    await writeFile(path, after);
    const { problems } = await verifyHub({ dataDir });
    const wrong: string[] = [];
    if (!(await stat(path).catch(() => undefined))?.isFile()) wrong.push('verify removed it');
    const served = await serve(dataDir, wrong);
    if (problems.length > 0) return { kind: 'found', wrong };
    if (served === 'refused') return { kind: 'refused', wrong };
    return { kind: 'without effect', wrong: [...wrong, ...(await missing(dataDir))] };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function damaged(bytes: Buffer, damage: Damage, random: () => number): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(random() * bytes.length);
  if (damage === 'bit') changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  else if (damage === 'page')
    changed
      .subarray(at - (at % pageBytes))
      .subarray(0, pageBytes)
      .fill(0);
  else return changed.subarray(0, at);
  return changed;
}

/** Starts a hub on it and takes what it serves: each thing is what was stored, or it is refused. */
async function serve(dataDir: string, wrong: string[]): Promise<'served' | 'refused'> {
  let hub: RunningHub;
  try {
    hub = await open(dataDir);
  } catch {
    return 'refused';
  }
  try {
    await checkServed(hub.info, wrong);
    return 'served';
  } finally {
    await hub.close().catch(() => undefined);
  }
}

async function checkServed(info: HubInfo, wrong: string[]): Promise<void> {
  const stored = readStored({ request: (method, path, body) => requestHub(info, method, path, body) });
  try {
    for await (const { deviceId, body = '' } of stored)
      if (!isGood(deviceId, body)) wrong.push(`serves ${JSON.stringify(body.slice(0, 60))} of ${deviceId}`);
  } catch {
    // Cut, and that is no end: whoever reads is not told that this was all.
  }
  const json = async (path: string): Promise<Record<string, unknown> | undefined> => {
    const answer = await requestHub(info, 'GET', path);
    const text = await answer.text();
    return answer.ok ? (JSON.parse(text) as Record<string, unknown>) : undefined;
  };
  const desired = (await json('/twins/a'))?.['properties'] as { desired?: { n?: unknown } } | undefined;
  if (desired !== undefined && desired.desired?.n !== witness.desired.acked)
    wrong.push('serves another desired property');
  const tags = (await json('/twins/b'))?.['tags'] as { n?: unknown; site?: unknown } | undefined;
  if (tags !== undefined && (tags.n !== witness.tags.acked || tags.site !== 'oslo')) wrong.push('serves other tags');
  const record = (await json('/iotctl/records/rollouts/r1/state'))?.['value'] as { n?: unknown } | undefined;
  if (record !== undefined && record.n !== witness.record.acked) wrong.push('serves another record');
  for (const name of witness.artifacts.keys()) {
    const answer = await requestHub(info, 'GET', `/iotctl/artifacts/${name}`);
    const bytes = Buffer.from(await answer.arrayBuffer().catch(() => new ArrayBuffer(0)));
    if (answer.ok && createHash('sha256').update(bytes).digest('hex') !== name) wrong.push('serves other firmware');
  }
  const answer = await fetch(`http://127.0.0.1:${info.ports.http}${uploadUrl}`);
  const text = await answer.text().catch(() => undefined);
  if (answer.ok && text !== undefined && text !== uploaded) wrong.push('serves another upload');
}

function isGood(deviceId: string, body: string): boolean {
  const [, word, device] = /^(old|recent)-(\w)-\d+$/.exec(body) ?? [];
  if (word !== undefined) return device === deviceId;
  return witness.telemetry.has(`${deviceId} ${body}`);
}

/** Where neither verify nor the start noticed anything, nothing may be missing either. */
async function missing(dataDir: string): Promise<readonly string[]> {
  const hub = await open(dataDir);
  try {
    const found = new Set<string>();
    const stored = readStored({ request: (method, path, body) => requestHub(hub.info, method, path, body) });
    for await (const { deviceId, body = '' } of stored) found.add(`${deviceId} ${body}`);
    const lost = [...witness.telemetry.keys()].filter((name) => !found.has(name));
    for (const device of olderData.devices)
      if (!found.has(`${device} recent-${device}-0`)) lost.push(`${device} recent-${device}-0`);
    return lost.length === 0 ? [] : [`${lost.length} messages are missing and nobody says so`];
  } finally {
    await hub.close();
  }
}

function open(dataDir: string): Promise<RunningHub> {
  return startHub({
    dataDir,
    ports: { mqtt: 0, http: 0, mqtts: 'off', amqp: 'off', amqps: 'off', https: 'off' },
    clock: realClock,
    pid: process.pid,
    version: '0.0.0',
  });
}
