/** The world of a rehearsal: the devices of a plan, and firmware that they may install. */
import { generateKeyPairSync } from 'node:crypto';
import type { Faults } from '../../../device/index.ts';
import {
  keyIdOf,
  rawPublicKey,
  signManifest,
  type Report,
  type SignedManifest,
  type Trust,
} from '../../../protocol/firmware/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { StoredFirmware } from '../../firmware/index.ts';
import { releaseRecord, releaseValue } from '../../firmware/firmware-records.ts';
import type { Plan, PlannedDevice } from '../model/plan.ts';
import { digestOfPlan } from '../plan/plan-document.ts';
import type { RehearsedGates } from './rehearsed-gates.ts';
import { addFirmwareDevices, type FirmwareDevice, type WorldFirmware } from './world-firmware.ts';
import { createWorld, type World } from './world.ts';

/** What is known of a device beside what a plan says. */
export interface KnownDevice {
  readonly tags: JsonObject;
  /** SHA-256 of what runs. */
  readonly digest?: string;
}

export interface StageOptions {
  readonly plan: Plan;
  readonly gates: RehearsedGates;
  readonly faults: Faults;
  readonly seed: number;
  /** The keys that devices trust; a key of the rehearsal signs everything anew when absent. */
  readonly trust?: Trust | undefined;
  readonly fleet?: ReadonlyMap<string, KnownDevice> | undefined;
  /** What the hub keeps, for the way back. */
  readonly releases?: readonly StoredFirmware[] | undefined;
  readonly onReport: (deviceId: string, report: Report) => void;
}

export interface Stage {
  readonly world: World;
  /** As it is carried out here. */
  readonly plan: Plan;
  readonly firmware: WorldFirmware;
}

/** Sets everything up; the devices have said what they run when it resolves. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { plan, gates, faults, seed } = options;
  const signer =
    options.trust === undefined ? standInSigner() : { trust: options.trust, sign: (signed: SignedManifest) => signed };
  const world = createWorld({ start: Date.parse(plan.createdAt) });
  const firmware = signer.sign(plan.firmware);
  const rehearsed = { ...plan, spec: { ...plan.spec, policy: gates.policy }, firmware };
  const silent = plan.devices.filter(({ blocked }) => blocked === 'hardware-unknown' || blocked === 'version-unknown');
  for (const { deviceId } of silent) world.add({ deviceId, tags: options.fleet?.get(deviceId)?.tags ?? {} });
  const devices = plan.devices.filter((device) => !silent.includes(device)).map((device) => deviceOf(device, options));
  const { onReport } = options;
  const placed = await addFirmwareDevices(world, { devices, trust: signer.trust, faults, seed, onReport });
  for (const { deviceId, blocked } of plan.devices) if (blocked === 'disabled') world.setStatus(deviceId, 'disabled');
  world.artifacts.put(firmware.manifest);
  for (const release of options.releases ?? []) {
    world.artifacts.put(release.signed.manifest);
    const stored = { ...release, signed: signer.sign(release.signed) };
    world.records.write(releaseRecord(release.signed.manifest), releaseValue(stored), undefined);
  }
  await world.clock.advance(settledMs);
  return { world, plan: { ...rehearsed, digest: digestOfPlan(rehearsed) }, firmware: placed };
}

/** Devices that are there have reported by then. */
const settledMs = 5_000;

function deviceOf(
  { deviceId, version, blocked, skipped }: PlannedDevice,
  { plan, fleet }: StageOptions,
): FirmwareDevice {
  const { manifest } = plan.firmware;
  const known = fleet?.get(deviceId);
  const digest = skipped === true ? manifest.sha256 : known?.digest;
  const [fitting = 'unknown'] = manifest.hardware;
  return {
    deviceId,
    version: version ?? manifest.minVersion ?? '0.0.0',
    hardware: blocked === 'hardware-mismatch' ? otherThan(manifest.hardware) : fitting,
    ...(digest !== undefined && { digest }),
    ...(known !== undefined && { tags: withoutMark(known.tags) }),
  };
}

function otherThan(hardware: readonly string[]): string {
  return hardware.includes('other') ? `other-than-${hardware.length}` : 'other';
}

/** What earlier rollouts have noted about a device is not a part of the rehearsal. */
function withoutMark(tags: JsonObject): JsonObject {
  const { firmware: _, ...rest } = tags;
  return rest;
}

/** A key of the rehearsal alone, in place of one that nobody has given. */
function standInSigner(): { readonly trust: Trust; readonly sign: (signed: SignedManifest) => SignedManifest } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = rawPublicKey(privateKey);
  return {
    trust: {
      format: 1,
      version: 1,
      keys: [{ keyId: keyIdOf(publicKey), publicKey }],
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    sign: ({ manifest }) => signManifest(manifest, privateKey),
  };
}
