import { Failure } from '../../../errors/index.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { neverTime, type DeviceStatus } from '../../../protocol/identity.ts';
import { compareText } from '../../../protocol/query/index.ts';
import { isoMillis } from '../../../protocol/time.ts';
import {
  checkTwinContent,
  contentOf,
  emptySection,
  etagOf,
  mergeContent,
  patchSection,
  readSection,
  twinLimits,
  type Twin,
  type TwinChange,
  type TwinContent,
  type TwinSection,
} from '../../../protocol/twin/index.ts';
import type { Clock } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';

/** A device as a hub stores it. Times are Unix milliseconds; 0 means never. */
export interface StoredTwin extends TwinContent {
  readonly deviceId: string;
  readonly status: DeviceStatus;
  readonly connected: boolean;
  readonly lastActivityTime: number;
  /** Counts writes of tags and desired properties; the etag is made of it. */
  readonly twinCounter: number;
}

/** What a device is made with. */
export interface NewDevice {
  readonly deviceId: string;
  readonly tags?: JsonObject;
  readonly reported?: JsonObject;
  readonly enabled?: boolean;
}

/** Twins by the rules of iotctl's hub: merge, versions, etags, metadata, limits. Failures: device-not-found, changed-meanwhile, refused. */
export interface TwinTable {
  add(device: NewDevice): void;
  remove(deviceId: string): void;
  read(deviceId: string): StoredTwin;
  find(deviceId: string): StoredTwin | undefined;
  /** In the order of their ids, beginning behind one of them. */
  all(after?: string): Iterable<StoredTwin>;
  /** A service's write; `etag` undefined or `*` is unconditional. */
  patch(deviceId: string, change: TwinChange, etag: string | undefined): StoredTwin;
  /** A device's write; answers the new version of its reported properties. */
  report(deviceId: string, patch: JsonObject): number;
  connection(deviceId: string, connected: boolean): void;
  setStatus(deviceId: string, status: DeviceStatus): void;
}

/** `changed` is told of each write of a twin; both are the stored values. */
export function createTwinTable(
  clock: Pick<Clock, 'now'>,
  changed: (before: StoredTwin, after: StoredTwin) => void,
): TwinTable {
  const stored = new Map<string, StoredTwin>();
  let sorted: string[] | undefined;

  function read(deviceId: string): StoredTwin {
    const twin = stored.get(deviceId);
    if (twin === undefined)
      throw new Failure('device-not-found', `device ${deviceId} does not exist`, { details: { deviceId } });
    return twin;
  }

  function write(before: StoredTwin, after: StoredTwin): StoredTwin {
    stored.set(after.deviceId, after);
    changed(before, after);
    return after;
  }

  return {
    read,
    find: (deviceId) => stored.get(deviceId),
    add({ deviceId, tags = {}, reported, enabled = true }) {
      const empty = emptySection(clock.now());
      sorted = undefined;
      stored.set(deviceId, {
        deviceId,
        status: enabled ? 'enabled' : 'disabled',
        connected: false,
        lastActivityTime: 0,
        twinCounter: 1,
        twinVersion: 2,
        tags: mergeContent({}, tags),
        desired: empty,
        reported:
          reported === undefined ? empty : patchSection(empty, reported, { now: clock.now(), stampVersions: false }),
      });
    },
    remove(deviceId) {
      sorted = undefined;
      stored.delete(deviceId);
    },
    *all(after) {
      sorted ??= [...stored.keys()].toSorted(compareText);
      const ids = sorted;
      for (let index = after === undefined ? 0 : placeBehind(ids, after); index < ids.length; index++) {
        const twin = stored.get(ids[index] ?? '');
        if (twin !== undefined) yield twin;
      }
    },
    patch(deviceId, change, etag) {
      const before = read(deviceId);
      if (etag !== undefined && etag !== '*' && etag !== etagOf(before.twinCounter))
        throw new Failure('changed-meanwhile', `cannot change the twin of ${deviceId}: it was changed meanwhile`, {
          details: { deviceId, status: 412 },
        });
      return write(
        before,
        allowed(() => merged(before, change, clock.now())),
      );
    },
    report(deviceId, patch) {
      const before = read(deviceId);
      const reported = allowed(() => reportedAfter(before.reported, contentOf(patch), clock.now()));
      write(before, { ...before, reported, twinVersion: before.twinVersion + 1, lastActivityTime: clock.now() });
      return reported.version;
    },
    connection(deviceId, connected) {
      stored.set(deviceId, { ...read(deviceId), connected, lastActivityTime: clock.now() });
    },
    setStatus(deviceId, status) {
      stored.set(deviceId, { ...read(deviceId), status });
    },
  };
}

/** Where the first id is that is greater. */
function placeBehind(sorted: readonly string[], id: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(sorted[middle] ?? '', id) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merged(before: StoredTwin, change: TwinChange, now: number): StoredTwin {
  let { tags, desired } = before;
  if (change.tags !== undefined) {
    const rules = { maxBytes: twinLimits.tagsBytes, name: 'tags' };
    checkTwinContent(change.tags, { ...rules, allowNull: true });
    tags = mergeContent(tags, change.tags);
    checkTwinContent(tags, { ...rules, allowNull: false });
  }
  const patch = change.properties?.desired;
  if (patch !== undefined) {
    const rules = { maxBytes: twinLimits.desiredBytes, name: 'properties.desired' };
    checkTwinContent(patch, { ...rules, allowNull: true });
    desired = patchSection(desired, patch, { now, stampVersions: true });
    checkTwinContent(desired.content, { ...rules, allowNull: false });
  }
  return { ...before, tags, desired, twinCounter: before.twinCounter + 1, twinVersion: before.twinVersion + 1 };
}

function reportedAfter(reported: TwinSection, patch: JsonObject, now: number): TwinSection {
  const rules = { maxBytes: twinLimits.reportedBytes, name: 'properties.reported' };
  checkTwinContent(patch, { ...rules, allowNull: true });
  const after = patchSection(reported, patch, { now, stampVersions: false });
  checkTwinContent(after.content, { ...rules, allowNull: false });
  return after;
}

/** What breaks the rules of twins reaches whoever wrote it as a refusal. */
function allowed<Result>(write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    if (error instanceof HubError) throw new Failure('refused', `the hub refused the twin: ${error.message}`);
    throw error;
  }
}

/** Views of twins that have not changed since: whoever gets one only reads it. */
const views = new WeakMap<StoredTwin, Twin>();

/** The twin as the service API answers it. */
export function viewTwin(stored: StoredTwin): Twin {
  const known = views.get(stored);
  if (known !== undefined) return known;
  const view = makeView(stored);
  views.set(stored, view);
  return view;
}

function makeView(stored: StoredTwin): Twin {
  return {
    deviceId: stored.deviceId,
    etag: etagOf(stored.twinCounter),
    deviceEtag: etagOf(1),
    status: stored.status,
    statusUpdateTime: neverTime,
    connectionState: stored.connected ? 'Connected' : 'Disconnected',
    lastActivityTime: isoMillis(stored.lastActivityTime),
    cloudToDeviceMessageCount: 0,
    authenticationType: 'sas',
    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    modelId: '',
    version: stored.twinVersion,
    tags: stored.tags,
    properties: {
      desired: readSection(stored.desired, { metadata: true }),
      reported: readSection(stored.reported, { metadata: true }),
    },
    capabilities: { iotEdge: false },
  };
}
