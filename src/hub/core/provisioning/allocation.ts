/** Which hub a device belongs to. Source: service.md §10.2. */
import { createHash } from 'node:crypto';
import { canonicalRegistrationId } from '../../../protocol/provisioning/index.ts';
import type { LatencyTable, LinkedHub } from './ports.ts';
import type { EnrollmentDraft } from './stored.ts';

/** An outcome and, for people, its reason. No hub: `errorCode` says what a device is told. */
export type Allocation =
  | { readonly hub: LinkedHub; readonly reason: string }
  | { readonly hub: undefined; readonly reason: string; readonly errorCode: number };

/** Codes of registrations that fail. */
export const registrationErrors = {
  hubNotLinked: 400204,
  customAllocationFailed: 400207,
  customAllocationHubNotSpecified: 400208,
  hubRefused: 400209,
} as const;

/** Hubs an enrollment may assign to, in the order it names them; those that are not linked are left out. */
export function candidatesOf(
  enrollment: Pick<EnrollmentDraft, 'iotHubHostName' | 'iotHubs'>,
  linked: readonly LinkedHub[],
): readonly LinkedHub[] {
  const { iotHubHostName, iotHubs } = enrollment;
  const names = iotHubHostName === undefined ? iotHubs : [iotHubHostName];
  return names === undefined ? linked : names.flatMap((name) => findHub(linked, name) ?? []);
}

export function findHub(hubs: readonly LinkedHub[], hostName: string): LinkedHub | undefined {
  return hubs.find((hub) => hub.hostName.toLowerCase() === hostName.toLowerCase());
}

/** The allocations that need no webhook. */
export function allocate(
  policy: 'hashed' | 'static' | 'geoLatency',
  device: { readonly registrationId: string; readonly remote: string | undefined },
  candidates: readonly LinkedHub[],
  latency: LatencyTable,
): Allocation {
  const [first] = candidates;
  if (first === undefined) return noHub();
  if (policy === 'static') return { hub: first, reason: 'the first hub that the enrollment names' };
  if (policy === 'geoLatency') {
    const nearest = nearestOf(device.remote, candidates, latency);
    if (nearest !== undefined) return nearest;
  }
  const reason =
    policy === 'hashed'
      ? 'the registration id hashes to it'
      : 'no latency is known from where the device is, so the registration id hashes to it';
  return { hub: highestHash(device.registrationId, candidates), reason };
}

function noHub(): Allocation {
  return {
    hub: undefined,
    reason: 'No hub that the enrollment allows is linked to this service.',
    errorCode: registrationErrors.hubNotLinked,
  };
}

function nearestOf(
  remote: string | undefined,
  candidates: readonly LinkedHub[],
  latency: LatencyTable,
): Allocation | undefined {
  let best: { hub: LinkedHub; ms: number } | undefined;
  for (const hub of candidates) {
    const ms = latency(remote, hub.hostName);
    if (ms !== undefined && (best === undefined || ms < best.ms)) best = { hub, ms };
  }
  return best === undefined ? undefined : { hub: best.hub, reason: `the nearest, ${best.ms} ms away` };
}

/**
 * Highest random weight: each hub draws a number for the device, its share of the devices is its weight, and a hub that comes or
 * goes moves only the devices that are its own.
 */
function highestHash(registrationId: string, candidates: readonly LinkedHub[]): LinkedHub {
  const id = canonicalRegistrationId(registrationId);
  const scored = candidates.map((hub) => {
    const digest = createHash('sha256').update(`${hub.hostName.toLowerCase()}\n${id}`).digest();
    const draw = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
    return { hub, score: -hub.weight / Math.log(draw) };
  });
  return scored.reduce((best, each) => (each.score > best.score ? each : best)).hub;
}
