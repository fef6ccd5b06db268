import { mergeContent } from '../../../protocol/twin/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import type { ObservedDevice } from '../model/observed.ts';
import {
  createIntern,
  memberOf,
  rawFirmware,
  readMark,
  readOffer,
  readReport,
  skeletonOf,
  type RawFirmware,
} from './observe-twin.ts';

/** What is known about the devices of a rollout: the newest of each, from whichever source it came. */
export interface FleetView {
  /** The devices that have a twin. */
  readonly devices: ReadonlyMap<string, ObservedDevice>;
  /** Every device that belongs to the rollout, also without a twin. */
  readonly watched: ReadonlySet<string>;
  watch(deviceIds: Iterable<string>): void;
  /** Version of the twin that is known; 0 for none. */
  versionOf(deviceId: string): number;
  /**
   * Takes a twin of the service API. An older one than what is known is `stale` and left alone, unless it is `certain`: a twin that was
   * made anew counts from 1 again.
   */
  takeTwin(twin: JsonObject, certain?: boolean): 'taken' | 'stale' | 'foreign';
  /** Takes the body of a twin change event. `stale`: it does not follow what is known, and the twin has to be read. */
  takeChange(deviceId: string, body: JsonValue): 'taken' | 'known' | 'stale' | 'foreign';
  setConnected(deviceId: string, connected: boolean): void;
  /** The device has no twin any more. */
  remove(deviceId: string): void;
  /** The members of `desired.firmware`, for whoever writes over them. */
  offerSkeleton(deviceId: string): JsonObject;
  /** Members of `tags.firmware`. */
  markSkeleton(deviceId: string): JsonObject;
  /** Devices that changed since this was asked last. */
  drainChanged(): ReadonlySet<string>;
}

interface Entry {
  readonly device: ObservedDevice;
  readonly version: number;
  /** Versions of desired and reported properties: what has not changed is not read again. */
  readonly desiredVersion: number;
  readonly reportedVersion: number;
  /** `reported.firmware` as it stands there: events are patches of it. */
  readonly rawReport: JsonObject | undefined;
  readonly offerSkeleton: JsonObject;
  readonly markSkeleton: JsonObject;
}

export function createFleetView(now: () => number): FleetView {
  const watched = new Set<string>();
  const devices = new Map<string, ObservedDevice>();
  const entries = new Map<string, Entry>();
  const intern = createIntern();
  let changed = new Set<string>();

  function keep(deviceId: string, entry: Entry): void {
    entries.set(deviceId, entry);
    devices.set(deviceId, entry.device);
    changed.add(deviceId);
  }

  /** The same version says the same; only what is no part of it may differ. */
  function refresh(entry: Entry, twin: JsonObject): void {
    const { deviceId } = entry.device;
    const enabled = twin['status'] !== 'disabled';
    const connected = twin['connectionState'] === 'Connected';
    const etag = textOf(twin['etag']) ?? entry.device.etag;
    const { device } = entry;
    if (device.enabled === enabled && device.connected === connected && device.etag === etag) return;
    keep(deviceId, { ...entry, device: { ...device, enabled, connected, etag } });
  }

  function entryOf(deviceId: string, twin: JsonObject, before: Entry | undefined): Entry {
    const desired = memberOf(twin['properties'], 'desired');
    const reported = memberOf(twin['properties'], 'reported');
    const tags = isJsonObject(twin['tags']) ? twin['tags'] : {};
    const { offer, ...desiredPart } = desiredOf(desired, before);
    const { report, ...reportedPart } = reportedOf(reported, before);
    const mark = readMark(tags);
    return {
      device: {
        deviceId,
        etag: textOf(twin['etag']) ?? '',
        enabled: twin['status'] !== 'disabled',
        connected: twin['connectionState'] === 'Connected',
        tags,
        ...(offer && { offer }),
        ...(report && { report }),
        ...(mark && { mark }),
      },
      version: numberOf(twin['version']),
      ...desiredPart,
      ...reportedPart,
      markSkeleton: intern(skeletonOf(tags['firmware'])),
    };
  }

  function desiredOf(section: JsonValue | undefined, before: Entry | undefined) {
    const desiredVersion = versionOf(section);
    if (before !== undefined && desiredVersion > 0 && desiredVersion === before.desiredVersion)
      return { offer: before.device.offer, offerSkeleton: before.offerSkeleton, desiredVersion };
    const raw = rawFirmware(section, now());
    return { offer: readOffer(raw, intern), offerSkeleton: intern(skeletonOf(raw.value)), desiredVersion };
  }

  function reportedOf(section: JsonValue | undefined, before: Entry | undefined) {
    const reportedVersion = versionOf(section);
    if (before !== undefined && reportedVersion > 0 && reportedVersion === before.reportedVersion)
      return { report: before.device.report, rawReport: before.rawReport, reportedVersion };
    const raw = rawFirmware(section, now());
    const rawReport = isJsonObject(raw.value) ? raw.value : undefined;
    return { report: readReport(raw, before?.device.report), rawReport, reportedVersion };
  }

  return {
    devices,
    watched,
    watch(deviceIds) {
      for (const deviceId of deviceIds) watched.add(deviceId);
    },
    versionOf: (deviceId) => entries.get(deviceId)?.version ?? 0,
    takeTwin(twin, certain = false) {
      const deviceId = textOf(twin['deviceId']);
      if (deviceId === undefined || !watched.has(deviceId)) return 'foreign';
      const known = entries.get(deviceId);
      const version = numberOf(twin['version']);
      if (known !== undefined && version < known.version && !certain) return 'stale';
      if (known !== undefined && version === known.version) refresh(known, twin);
      else keep(deviceId, entryOf(deviceId, twin, version > (known?.version ?? 0) ? known : undefined));
      return 'taken';
    },
    takeChange(deviceId, body) {
      if (!watched.has(deviceId)) return 'foreign';
      const known = entries.get(deviceId);
      const version = numberOf(memberOf(body, 'version'));
      if (known === undefined || version === 0) return 'stale';
      if (version <= known.version) return 'known';
      const patched = version === known.version + 1 ? withReport(known, body, now()) : undefined;
      if (patched === undefined) return 'stale';
      // What a device reports of other things is not looked at, but it counts.
      if (patched === known) entries.set(deviceId, { ...known, version, reportedVersion: 0 });
      else keep(deviceId, { ...patched, version });
      return 'taken';
    },
    setConnected(deviceId, connected) {
      const entry = entries.get(deviceId);
      if (entry === undefined || entry.device.connected === connected) return;
      keep(deviceId, { ...entry, device: { ...entry.device, connected } });
    },
    remove(deviceId) {
      if (!entries.delete(deviceId)) return;
      devices.delete(deviceId);
      changed.add(deviceId);
    },
    offerSkeleton: (deviceId) => entries.get(deviceId)?.offerSkeleton ?? {},
    markSkeleton: (deviceId) => entries.get(deviceId)?.markSkeleton ?? {},
    drainChanged() {
      const drained = changed;
      changed = new Set();
      return drained;
    },
  };
}

/**
 * The entry after an event that concerns reported properties alone; itself when it is not about firmware. undefined for an event that
 * changes what has an etag, which events do not tell.
 */
function withReport(entry: Entry, body: JsonValue, now: number): Entry | undefined {
  const properties = memberOf(body, 'properties');
  if (memberOf(body, 'tags') !== undefined || memberOf(properties, 'desired') !== undefined) return undefined;
  const reported = memberOf(properties, 'reported');
  if (!isJsonObject(reported)) return undefined;
  const { value: patch, at }: RawFirmware = rawFirmware(reported, now);
  if (patch === undefined) return entry;
  if (patch !== null && !isJsonObject(patch)) return undefined;
  const raw = patch === null ? undefined : mergeContent(entry.rawReport ?? {}, patch);
  const report = readReport({ value: raw, at }, entry.device.report);
  const { report: _before, ...device } = entry.device;
  const reportedVersion = versionOf(reported);
  return { ...entry, rawReport: raw, reportedVersion, device: { ...device, ...(report && { report }) } };
}

/** Of a section of a twin; 0 where it has none. */
function versionOf(section: JsonValue | undefined): number {
  return numberOf(memberOf(section, '$version'));
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}
