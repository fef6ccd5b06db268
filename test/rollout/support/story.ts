/** What a rollout has done, as its records, its audit and the twins tell it afterwards. */
import type { AuditEntry, State } from '../../../src/fleet/rollout/model/record.ts';
import type { Mark } from '../../../src/fleet/rollout/model/observed.ts';
import type { Offer, Report } from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import type { RolloutBox } from './rollout-box.ts';

/** A device and its part; times are Unix milliseconds by the hub's clock. */
export interface DeviceStory {
  readonly deviceId: string;
  readonly offer: Partial<Offer>;
  /** When its offer was written last. */
  readonly offeredAt: number;
  readonly report: Partial<Report>;
  /** When the state of its report was written last. */
  readonly reportedAt: number;
  readonly mark: Partial<Mark>;
}

interface FirmwareTwin {
  readonly deviceId: string;
  readonly tags?: { readonly firmware?: Mark };
  readonly properties: Readonly<
    Record<'desired' | 'reported', { readonly firmware?: JsonObject; readonly $metadata: Metadata }>
  >;
}

interface Metadata {
  readonly firmware?: { readonly $lastUpdated?: string; readonly state?: { readonly $lastUpdated?: string } };
}

/** Every device whose id begins so. */
export async function readDevices(hub: RolloutBox, prefix = 'pump-'): Promise<DeviceStory[]> {
  const rows = await hub.query(`SELECT * FROM devices WHERE STARTSWITH(deviceId, '${prefix}')`);
  const twins = rows as unknown as FirmwareTwin[];
  return twins.map(({ deviceId, tags, properties: { desired, reported } }) => ({
    deviceId,
    offer: (desired.firmware ?? {}) as Partial<Offer>,
    offeredAt: Date.parse(desired.$metadata.firmware?.$lastUpdated ?? ''),
    report: (reported.firmware ?? {}) as Partial<Report>,
    reportedAt: Date.parse(reported.$metadata.firmware?.state?.$lastUpdated ?? ''),
    mark: tags?.firmware ?? {},
  }));
}

export async function readState(hub: RolloutBox, id: string): Promise<State> {
  const record = await hub.record(`rollouts/${id}/state`);
  if (record === undefined) throw new Error(`rollout ${id} has no state`);
  return record['state'] as unknown as State;
}

export async function readAudit(hub: RolloutBox, id: string): Promise<AuditEntry[]> {
  return hub.json<AuditEntry[]>('rollout', 'audit', id);
}

/** `wave-opened 2`, `gate-decided 1 pass`: what an audit says about waves and gates, in order. */
export function courseOf(audit: readonly AuditEntry[]): string[] {
  return audit
    .filter(({ action }) => /^(?:wave|gate)-/.test(action))
    .map(({ action, details: { wave, verdict } }) =>
      [action, wave, verdict].filter((part) => typeof part === 'string' || typeof part === 'number').join(' '),
    );
}

/** So many of each. */
export function countBy<Item>(
  items: readonly Item[],
  name: (item: Item) => string | undefined,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const key = name(item) ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
