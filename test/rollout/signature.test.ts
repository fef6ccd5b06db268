// Nothing that is not signed, whole, meant for the device and new enough is ever installed: by the agent, by a simulated device, and with
// a hub that lies. Each refusal says by its code what is wrong, in the twin and in what the commands of a rollout show.
import { createHash, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { offerPatch, readPrivateKey, type Manifest } from '../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../src/std/json.ts';
import { ownerToken } from '../e2e/must-hold/support/hub-box.ts';
import { manifestFor, newKey, offerOf } from '../support/firmware.ts';
import { figures } from './support/processes.ts';
import { makeKeys, simulatePumps, untilTrue, writeSpec } from './support/pumps.ts';
import { openRolloutBox, type RolloutBox } from './support/rollout-box.ts';
import { countBy, readDevices } from './support/story.ts';

let hub: RolloutBox;
let key: KeyObject;
/** Serves each file under its SHA-256, or what somebody has made of it. */
let files: Server;
const served = new Map<string, Buffer>();

beforeAll(async () => {
  hub = await openRolloutBox();
  const keys = await makeKeys(hub);
  key = readPrivateKey(await readFile(join(hub.box.directory, keys.key), 'utf8'));
  files = createServer((request, response) => {
    const content = served.get((request.url ?? '').slice(1));
    response.writeHead(content === undefined ? 404 : 200, { 'content-length': content?.length ?? 0 });
    response.end(content);
  }).listen(0, '127.0.0.1');
  await simulatePumps(hub, { count: 1, prefix: 'sim-', trust: keys.trust });
  await writeFile(join(hub.box.directory, 'image'), 'firmware 1.0.0');
  await writeFile(join(hub.box.directory, 'activate'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const agent = hub.start([
    ...'agent --device sim-agent --interval 1h --firmware-dir slots --firmware-image image --firmware-version 1.0.0'.split(
      ' ',
    ),
    ...`--hardware pump-v2 --firmware-trust ${keys.trust} --firmware-activate`.split(' '),
    join(hub.box.directory, 'activate'),
  ]);
  const ended = agent.finished.then(({ stderr }) => Promise.reject(new Error(`the agent has ended: ${stderr}`)));
  await Promise.race([ended, untilTrue(async () => (await report('sim-agent'))?.['digest'] !== undefined)]);
});
afterAll(async () => {
  files.close();
  await hub.close();
});

async function twin(deviceId: string): Promise<{ properties: Record<'desired' | 'reported', JsonObject> }> {
  const [row] = await hub.query(`SELECT * FROM devices WHERE deviceId = '${deviceId}'`);
  return (row ?? { properties: { desired: {}, reported: {} } }) as never;
}

async function report(deviceId: string): Promise<JsonObject | undefined> {
  return (await twin(deviceId)).properties.reported['firmware'] as JsonObject | undefined;
}

let attempts = 0;

/** Writes an offer to a twin, as whoever has stolen a hub could, and answers what the device says in the end. */
async function offerDirectly(deviceId: string, offer: JsonObject): Promise<JsonObject> {
  const attempt = ++attempts;
  const present = (await twin(deviceId)).properties.desired['firmware'];
  const firmware = offerPatch(present, { ...offer, rollout: 'stolen', attempt });
  const answer = await fetch(`http://127.0.0.1:${hub.info.ports.http}/twins/${deviceId}?api-version=2021-04-12`, {
    method: 'PATCH',
    headers: { authorization: ownerToken(hub.info), 'content-type': 'application/json' },
    body: JSON.stringify({ properties: { desired: { firmware } } }),
  });
  expect(answer.status, await answer.text()).toBe(200);
  let said: JsonObject | undefined;
  await untilTrue(async () => {
    said = await report(deviceId);
    return said?.['attempt'] === attempt && /^(?:rejected|failed|confirmed|reverted)$/.test(said['state'] as string);
  });
  return said ?? {};
}

function release(content: string, overrides: Partial<Manifest> = {}): Manifest {
  const manifest = manifestFor(content, {
    hardware: ['pump-v2'],
    minVersion: '1.0.0',
    releaseCounter: 5,
    ...overrides,
  });
  served.set(manifest.sha256, Buffer.from(content));
  return manifest;
}

function offerFor(manifest: Manifest, by = key): JsonObject {
  const { port } = files.address() as AddressInfo;
  return offerOf(manifest, by, { url: `http://127.0.0.1:${port}/${manifest.sha256}` });
}

function flipBit(base64: unknown): string {
  const bytes = Buffer.from(base64 as string, 'base64');
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  return bytes.toString('base64');
}

/** What somebody offers who can write to a twin, and how a device refuses it. */
const forgeries: readonly (readonly [what: string, code: string, make: () => JsonObject])[] = [
  ['a key that nobody trusts', 'key-unknown', () => offerFor(release('by another key'), newKey())],
  [
    'the same under the name of a trusted key',
    'signature-invalid',
    () => ({ ...offerFor(release('by another key'), newKey()), keyId: offerFor(release('by the key'))['keyId'] ?? '' }),
  ],
  [
    'no signature',
    'signature-missing',
    () => {
      const { signature: _, ...rest } = offerFor(release('unsigned'));
      return rest;
    },
  ],
  [
    'a bit of the signature flipped',
    'signature-invalid',
    () => {
      const offer = offerFor(release('flipped'));
      return { ...offer, signature: flipBit(offer['signature']) };
    },
  ],
  [
    'a digit of the digest changed',
    'signature-invalid',
    () => {
      const offer = offerFor(release('changed'));
      return { ...offer, manifest: { ...(offer['manifest'] as JsonObject), sha256: release('something else').sha256 } };
    },
  ],
  [
    'a manifest cut short',
    'manifest-invalid',
    () => {
      const offer = offerFor(release('short'));
      const { size: _, ...manifest } = offer['manifest'] as JsonObject;
      return { ...offer, manifest };
    },
  ],
  [
    'the signature of another manifest',
    'signature-invalid',
    () => ({ ...offerFor(release('one')), signature: offerFor(release('other'))['signature'] ?? '' }),
  ],
  [
    'a lower release counter',
    'downgrade',
    () => offerFor(release('old, with a hole', { version: '9.0.0', releaseCounter: 4 })),
  ],
  ['other hardware', 'hardware-mismatch', () => offerFor(release('for valves', { hardware: ['valve-v1'] }))],
  ['a version that cannot upgrade', 'below-min-version', () => offerFor(release('later', { minVersion: '5.0.0' }))],
  [
    'a bit of the file flipped',
    'digest-mismatch',
    () => {
      const manifest = release('a file that changes on its way');
      const content = Buffer.from(served.get(manifest.sha256) ?? '');
      content[3] = (content[3] ?? 0) ^ 1;
      served.set(manifest.sha256, content);
      return offerFor(manifest);
    },
  ],
  [
    'a file that is cut short',
    'size-mismatch',
    () => {
      const manifest = release('a file that is cut short on its way');
      served.set(manifest.sha256, Buffer.from('a file that is cut'));
      return offerFor(manifest);
    },
  ],
];

describe.each(['sim-001', 'sim-agent'])('%s', (deviceId) => {
  test('takes what is signed, and then refuses each forgery by its code', async () => {
    const good = release('good firmware', { version: '2.0.0' });
    expect(await offerDirectly(deviceId, offerFor(good))).toMatchObject({ state: 'confirmed', digest: good.sha256 });
    const codes: string[] = [];
    for (const [what, code, make] of forgeries) {
      const said = await offerDirectly(deviceId, make());
      expect(said, what).toMatchObject({ code, digest: good.sha256, version: '2.0.0' });
      codes.push(`${what}: ${said['state'] as string}, ${code}`);
    }
    figures(
      `${deviceId}, offered by a hub that lies`,
      Object.fromEntries(codes.map((line, index) => [index + 1, line])),
    );
  });
});

test('what a rollout offers is refused by the same codes, which its commands show', async () => {
  await simulatePumps(hub, { count: 3, prefix: 'roll-', trust: 'keys/release.trust.json' });
  await hub.iotctl('firmware', 'keygen', 'thief', '--out', 'keys');
  const file = join(hub.box.directory, 'stolen.bin');
  await writeFile(file, 'stolen');
  const words = ['--hardware', 'pump-v2', '--key', 'keys/thief.key', '--out', 'stolen.json'];
  await hub.iotctl('firmware', 'sign', 'stolen.bin', 'pump@6.6.6', ...words);
  await hub.iotctl('firmware', 'add', 'stolen.json', '--file', 'stolen.bin', '--public-key', 'keys/thief.pub', '--yes');
  const spec = await writeSpec(
    hub,
    'stolen-key',
    '6.6.6',
    { waves: [1, '100%'], bake: 0, failureLimit: { count: 0 } },
    'roll-',
  );
  const ended = await hub.box.run(['rollout', 'create', '-f', spec, '--yes', '--wait', '--timeout', '2m']);
  expect(ended.code, ended.stderr).toBe(8);
  const status = await hub.iotctl('rollout', 'status', 'stolen-key', '-o', 'json');
  expect(status).toContain('"key-unknown"');
  const fleet = await readDevices(hub, 'roll-');
  expect(countBy(fleet, ({ report: { version, digest } }) => `${version} ${digest === sha256('stolen')}`)).toEqual({
    '1.0.0 false': 3,
  });
  const refused = fleet.find(({ mark }) => mark.outcome === 'rejected');
  expect(refused?.mark.code).toBe('key-unknown');
  expect(await hub.iotctl('rollout', 'why', 'stolen-key', refused?.deviceId ?? '')).toContain('key-unknown');
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
