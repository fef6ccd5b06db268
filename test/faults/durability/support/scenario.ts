/**
 * A little of everything that a hub writes, done from the outside, with a note of what was begun and what was acknowledged; and the
 * question whether a hub still has all that was. Whoever kills the hub in between ends the story there.
 */
import { createHash } from 'node:crypto';
import type { HubInfo } from '../../../../src/hub/index.ts';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { ownerToken } from '../../../e2e/must-hold/support/hub-box.ts';
import { deviceKey, requestHub } from '../../support/hub-process.ts';
import { readStored } from '../../support/stored-telemetry.ts';
import { olderData } from './older-data.ts';

/** A number that is written again and again: the one stored lies between the last acknowledged and the last begun. */
interface Counter {
  begun: number;
  acked: number;
}

export interface Witness {
  readonly secret: string;
  /** Bodies, by whether they were acknowledged. */
  readonly telemetry: Map<string, boolean>;
  readonly desired: Counter;
  readonly tags: Counter;
  readonly record: Counter;
  readonly configuration: Counter;
  /** Devices by what was last asked for them, and whether that was acknowledged. */
  readonly devices: Map<string, { readonly there: boolean; readonly acked: boolean }>;
  /** Digests of files, by whether they were acknowledged. */
  readonly artifacts: Map<string, boolean>;
}

/** Told after each acknowledgement. */
type OnAck = (witness: Witness) => void;
const listeners = new WeakMap<Witness, OnAck>();

function acknowledged(witness: Witness): void {
  listeners.get(witness)?.(witness);
}

const newCounter = (): Counter => ({ begun: 0, acked: 0 });

export function newWitness(secret: string, onAck?: OnAck): Witness {
  const witness: Witness = {
    secret,
    telemetry: new Map(),
    desired: newCounter(),
    tags: newCounter(),
    record: newCounter(),
    configuration: newCounter(),
    devices: new Map(),
    artifacts: new Map(),
  };
  if (onAck !== undefined) listeners.set(witness, onAck);
  return witness;
}

const rounds = 5;
const messagesPerRound = 10;

/** Plays the whole story. Rejects when a request is not answered, or is answered with a fault of the hub. */
export async function playScenario(info: HubInfo, witness: Witness): Promise<void> {
  for (let round = 1; round <= rounds; round++) await playRound(info, witness, round);
}

/** One part of it: telemetry in commits of its own, a twin, a record, a configuration, devices that come and go, a file. */
export async function playRound(info: HubInfo, witness: Witness, round: number): Promise<void> {
  for (let index = 0; index < messagesPerRound; index += 2)
    await Promise.all([index, index + 1].map((at) => sendTelemetry(info, witness, `new-${round}-${at}`)));
  await count(witness, witness.desired, round, () =>
    change(info, 'PATCH', '/twins/a', { properties: { desired: { n: round } } }),
  );
  await count(witness, witness.tags, round, () => change(info, 'PATCH', '/twins/b', { tags: { n: round } }));
  await count(witness, witness.record, round, () =>
    change(info, 'PUT', '/iotctl/records/rollouts/r1/state', { n: round, text: 'x'.repeat(6_000) }),
  );
  await count(witness, witness.configuration, round, () => putConfiguration(info, round));
  await putDevice(info, witness, `made-${round}`);
  if (round > 1) await removeDevice(info, witness, `made-${round - 1}`);
  await putArtifact(info, witness, `artifact ${round} ${'y'.repeat(20_000)}`);
}

async function sendTelemetry(info: HubInfo, witness: Witness, body: string): Promise<void> {
  const device = olderData.devices[witness.telemetry.size % olderData.devices.length] ?? 'a';
  witness.telemetry.set(`${device} ${body}`, false);
  const token = createSasToken({
    resource: `${info.hostName}/devices/${device}`,
    key: deviceKey(witness.secret, device),
    expiresAt: Math.floor(Date.now() / 1_000) + 86_400,
  });
  const answer = await fetch(
    `http://127.0.0.1:${info.ports.http}/devices/${device}/messages/events?api-version=2021-04-12`,
    { method: 'POST', headers: { authorization: token }, body },
  );
  await expectOk(answer);
  witness.telemetry.set(`${device} ${body}`, true);
  acknowledged(witness);
}

async function count(witness: Witness, counter: Counter, value: number, write: () => Promise<void>): Promise<void> {
  counter.begun = value;
  await write();
  counter.acked = value;
  acknowledged(witness);
}

async function change(info: HubInfo, method: string, path: string, body?: unknown): Promise<void> {
  await expectOk(await requestHub(info, method, path, body));
}

/** Made or changed: after a request that failed nobody knows which it has to be. */
async function putConfiguration(info: HubInfo, priority: number): Promise<void> {
  const content = { deviceContent: { 'properties.desired.c': { of: 'all' } } };
  const body = JSON.stringify({
    id: 'all',
    schemaVersion: '1.0',
    content,
    targetCondition: "tags.site='oslo'",
    priority,
  });
  const put = (condition: Record<string, string>): Promise<Response> =>
    fetch(`http://127.0.0.1:${info.ports.http}/configurations/all?api-version=2021-04-12`, {
      method: 'PUT',
      headers: { ...ownerHeaders(info), ...condition },
      body,
    });
  const answer = await put({ 'if-match': '*' });
  if (answer.status !== 404) return expectOk(answer);
  await answer.body?.cancel();
  return expectOk(await put({}));
}

async function putDevice(info: HubInfo, witness: Witness, deviceId: string): Promise<void> {
  const { devices } = witness;
  devices.set(deviceId, { there: true, acked: false });
  await change(info, 'PUT', `/devices/${deviceId}`, { deviceId });
  devices.set(deviceId, { there: true, acked: true });
  acknowledged(witness);
}

async function removeDevice(info: HubInfo, witness: Witness, deviceId: string): Promise<void> {
  const { devices } = witness;
  devices.set(deviceId, { there: false, acked: false });
  const headers = { ...ownerHeaders(info), 'if-match': '*' };
  const url = `http://127.0.0.1:${info.ports.http}/devices/${deviceId}?api-version=2021-04-12`;
  const answer = await fetch(url, { method: 'DELETE', headers });
  // Where its making failed, it may not be there.
  if (answer.status === 404) await answer.body?.cancel();
  else await expectOk(answer);
  devices.set(deviceId, { there: false, acked: true });
  acknowledged(witness);
}

async function putArtifact(info: HubInfo, witness: Witness, text: string): Promise<void> {
  const name = createHash('sha256').update(text).digest('hex');
  witness.artifacts.set(name, false);
  const url = `http://127.0.0.1:${info.ports.http}/iotctl/artifacts/${name}`;
  await expectOk(await fetch(url, { method: 'PUT', headers: ownerHeaders(info), body: text }));
  witness.artifacts.set(name, true);
  acknowledged(witness);
}

function ownerHeaders(info: HubInfo): Record<string, string> {
  return { authorization: ownerToken(info, 86_400), 'content-type': 'application/json' };
}

async function expectOk(answer: Response): Promise<void> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
}

/** What a hub no longer has of what it acknowledged, or has of what nobody asked; empty when all is well. */
export async function checkScenario(info: HubInfo, witness: Witness): Promise<readonly string[]> {
  const wrong: string[] = [];
  await checkTelemetry(info, witness, wrong);
  const json = async (path: string): Promise<Record<string, unknown> | undefined> => {
    const answer = await requestHub(info, 'GET', path);
    if (answer.ok) return (await answer.json()) as Record<string, unknown>;
    await answer.body?.cancel();
    if (answer.status !== 404) wrong.push(`${path} is answered with ${answer.status}`);
    return undefined;
  };
  const within = (what: string, found: unknown, { begun, acked }: Counter): void => {
    const value = typeof found === 'number' ? found : 0;
    if (value < acked || value > begun) wrong.push(`${what} is ${value}, not within ${acked} and ${begun}`);
  };
  const a = (await json('/twins/a')) as { properties?: { desired?: { n?: number } } } | undefined;
  within('desired', a?.properties?.desired?.n, witness.desired);
  const b = (await json('/twins/b')) as { tags?: { n?: number; site?: string } } | undefined;
  within('the tag', b?.tags?.n, witness.tags);
  if (b?.tags?.site !== 'oslo') wrong.push('what the older version stored is gone');
  const record = (await json('/iotctl/records/rollouts/r1/state')) as { value?: { n?: number } } | undefined;
  within('the record', record?.value?.n, witness.record);
  const configuration = await json('/configurations/all');
  within('the configuration', configuration?.['priority'], witness.configuration);
  for (const [deviceId, { there, acked }] of witness.devices)
    if (acked && ((await json(`/devices/${deviceId}`)) !== undefined) !== there)
      wrong.push(`${deviceId} is ${there ? 'gone' : 'back'}`);
  await checkArtifacts(info, witness, wrong);
  return wrong;
}

async function checkTelemetry(info: HubInfo, { telemetry }: Witness, wrong: string[]): Promise<void> {
  const stored = readStored({ request: (method, path, body) => requestHub(info, method, path, body) });
  const found = new Set<string>();
  for await (const { deviceId, body = '' } of stored) {
    const name = `${deviceId} ${body}`;
    if (/^(?:old|recent)-/.test(body)) {
      if (!body.includes(`-${deviceId}-`)) wrong.push(`${name} is with the wrong device`);
    } else if (!telemetry.has(name)) wrong.push(`${name} was never sent`);
    if (found.has(name)) wrong.push(`${name} is there twice`);
    found.add(name);
  }
  if (stored.lost > 0) wrong.push(`${stored.lost} messages cannot be read`);
  for (const [name, acked] of telemetry) if (acked && !found.has(name)) wrong.push(`${name} is lost`);
  for (const device of olderData.devices)
    for (let index = 0; index < olderData.recent; index++)
      if (!found.has(`${device} recent-${device}-${index}`)) wrong.push(`recent-${device}-${index} is lost`);
}

async function checkArtifacts(info: HubInfo, { artifacts }: Witness, wrong: string[]): Promise<void> {
  for (const [name, acked] of artifacts) {
    const answer = await requestHub(info, 'GET', `/iotctl/artifacts/${name}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok && acked) wrong.push(`artifact ${name.slice(0, 8)} is answered with ${answer.status}`);
    if (answer.ok && createHash('sha256').update(bytes).digest('hex') !== name)
      wrong.push(`artifact ${name.slice(0, 8)} has other bytes`);
  }
}
