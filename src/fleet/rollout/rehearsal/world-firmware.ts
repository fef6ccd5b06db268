import {
  assignFaults,
  loadFirmwareSimulator,
  Reporter,
  type Faults,
  type FirmwareCondition,
  type SimulatedFirmware,
} from '../../../device/index.ts';
import type { Report, Trust } from '../../../protocol/firmware/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import { seededRandom } from '../../../std/random.ts';
import type { World } from './world.ts';
import type { WorldDevice } from './world-device.ts';

/** A device before a rollout. */
export interface FirmwareDevice {
  readonly deviceId: string;
  readonly version: string;
  /** SHA-256 of what runs; made up when absent. */
  readonly digest?: string;
  readonly hardware: string;
  readonly tags?: JsonObject;
}

export interface WorldFirmwareOptions {
  readonly devices: readonly FirmwareDevice[];
  readonly trust: Trust;
  readonly faults: Faults;
  readonly seed: number;
  readonly releaseCounter?: number;
  /** In how many parts a download comes at least; 4 by default. */
  readonly parts?: number;
  readonly onReport?: (deviceId: string, report: Report) => void;
}

/** Devices with firmware in a world. */
export interface WorldFirmware {
  readonly devices: ReadonlyMap<string, SimulatedFirmware>;
  /** How many devices do what; `bricked` and `away` say nothing of themselves. */
  counts(): Readonly<Partial<Record<FirmwareCondition, number>>>;
  stop(): void;
}

/** What a device has reported before the world began: one that is away is known all the same. */
const before = { attempt: 0, seq: 0, state: 'idle', bootCount: 0 };

/**
 * Puts devices into a world that update themselves as real ones do: with the agent's machine, over the world's hub, in its time. The
 * same seed gives the same fleet.
 */
export async function addFirmwareDevices(world: World, options: WorldFirmwareOptions): Promise<WorldFirmware> {
  const { createSimulatedFirmware, firstDigest, namedContent, pacedDownload } = await loadFirmwareSimulator();
  const { faults, seed, parts = 4, trust, releaseCounter = 0 } = options;
  const { clock } = world;
  const contents = new Map<string, ReturnType<typeof namedContent>>();
  const chosen = assignFaults(
    options.devices.map(({ deviceId }) => deviceId),
    faults,
    seed,
  );
  const devices = new Map<string, SimulatedFirmware>();
  for (const { deviceId, version, hardware, digest, tags } of options.devices) {
    const start = { version, hardware, trust, releaseCounter, ...(digest !== undefined && { digest }) };
    const reported = { firmware: { ...before, version, digest: firstDigest(start), hardware } };
    world.add({ deviceId, reported, ...(tags !== undefined && { tags }) });
    const device = world.device(deviceId);
    const random = seededRandom(`${seed}:${deviceId}:firmware`);
    const firmware = createSimulatedFirmware({
      deviceId,
      start,
      faults: chosen.get(deviceId) ?? { fate: undefined, offline: false, slow: false },
      images: faults,
      link: linkOf(device, world),
      clock,
      random,
      limits: { progressStep: 100 / parts },
      fetch: async (request, { offer, bytesPerSecond, corrupt }) => {
        const { sha256, size } = offer.manifest;
        const content = contents.get(sha256) ?? namedContent(sha256, size);
        contents.set(sha256, content);
        return pacedDownload(content, request, { bytesPerSecond, corrupt, parts, clock, random });
      },
      onReport: (report) => options.onReport?.(deviceId, report),
    });
    device.onDesired((change) => firmware.desired(change));
    devices.set(deviceId, firmware);
  }
  for (const firmware of devices.values()) firmware.start();
  return {
    devices,
    counts() {
      const counts: Partial<Record<FirmwareCondition, number>> = {};
      for (const { condition } of devices.values()) counts[condition] = (counts[condition] ?? 0) + 1;
      return counts;
    },
    stop() {
      for (const firmware of devices.values()) firmware.stop();
    },
  };
}

function linkOf(device: WorldDevice, world: World) {
  const reporter = new Reporter(device, world.clock, () => undefined);
  return {
    report: (patch: JsonObject) => reporter.report(patch),
    delivered: (limitMs: number) => reporter.delivered(limitMs),
    connect: () => device.connect(),
    disconnect: () => device.disconnect(),
  };
}
