/** Firmware of a simulated fleet at a real hub. */
import type { FirmwareCondition, FirmwareLink, FirmwareStart, SimulatedFirmware } from './simulated-firmware.ts';
import { httpFetch } from '../../firmware/files/http-fetch.ts';
import type { Clock } from '../../../std/clock.ts';
import { seededRandom } from '../../../std/random.ts';
import { assignFaults, type Faults } from './faults.ts';
import { pacedDownload } from './paced-download.ts';
import { createSharedDownloads } from './shared-downloads.ts';
import { createSimulatedFirmware } from './simulated-firmware.ts';

export interface FleetFirmwareOptions {
  readonly start: FirmwareStart;
  readonly faults: Faults;
  /** `once`: each file is fetched once for all devices, which then take the time that it would take them; `each`: every device fetches it. */
  readonly download: 'once' | 'each';
}

export interface FleetFirmwareParts {
  readonly deviceIds: readonly string[];
  readonly seed: number;
  /** PEM of the hub's CA. */
  readonly ca: string | undefined;
  /** Real time. */
  readonly clock: Clock;
  readonly speed: number;
  readonly onTrouble: (deviceId: string, message: string) => void;
}

export interface FleetFirmware {
  add(deviceId: string, link: FirmwareLink): SimulatedFirmware;
  isAwayAtFirst(deviceId: string): boolean;
  /** How many devices do what. */
  counts(): Readonly<Partial<Record<FirmwareCondition, number>>>;
  /** Ends what is being fetched for all. */
  stop(): void;
}

/** A download is seen in so many steps. */
const parts = 10;

export function createFleetFirmware(options: FleetFirmwareOptions, fleet: FleetFirmwareParts): FleetFirmware {
  const { start, faults } = options;
  const { seed, speed } = fleet;
  const chosen = assignFaults(fleet.deviceIds, faults, seed);
  const fetch = httpFetch({ clock: fleet.clock, ca: fleet.ca });
  const ended = new AbortController();
  const random = seededRandom(`${seed}:downloads`);
  const shared = createSharedDownloads({ fetch, clock: fleet.clock, random }, ended.signal);
  const clock = fasterClock(fleet.clock, speed);
  const devices: SimulatedFirmware[] = [];
  return {
    add(deviceId, link) {
      const own = seededRandom(`${seed}:${deviceId}:firmware`);
      const firmware = createSimulatedFirmware({
        deviceId,
        start,
        faults: chosen.get(deviceId) ?? { fate: undefined, offline: false, slow: false },
        images: faults,
        link,
        clock,
        random: own,
        limits: { progressStep: 100 / parts },
        fetch: async (request, { offer, bytesPerSecond, corrupt }) => {
          if (options.download === 'each' && !corrupt) return fetch(request);
          const content = await shared.content(offer);
          return pacedDownload(content, request, { bytesPerSecond, corrupt, parts, clock, random: own });
        },
        onTrouble: (message) => fleet.onTrouble(deviceId, message),
      });
      devices.push(firmware);
      return firmware;
    },
    isAwayAtFirst: (deviceId) => chosen.get(deviceId)?.offline === true,
    counts() {
      const counts: Partial<Record<FirmwareCondition, number>> = {};
      for (const { condition } of devices) counts[condition] = (counts[condition] ?? 0) + 1;
      return counts;
    },
    stop: () => ended.abort(new Error('the simulation ends')),
  };
}

/** Waiting is shorter by the factor. The wall clock stays as it is: an offer may say not before when it is to be installed. */
function fasterClock(clock: Clock, speed: number): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() * speed,
    after: (ms, fire, options) => clock.after(ms / speed, fire, options),
  };
}
