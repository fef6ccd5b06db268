import { isFailure } from '../../errors/index.ts';
import { matchGlob } from '../../std/glob.ts';
import { isJsonObject, type JsonObject } from '../../std/json.ts';
import { neverTime } from '../../protocol/identity.ts';
import type { Hub } from '../ports.ts';
import { conditionOfGlobs } from '../selection/glob-condition.ts';

/** A device as lists show it. */
export interface DeviceSummary {
  readonly deviceId: string;
  readonly status: string;
  readonly statusReason: string | null;
  readonly connectionState: string;
  /** ISO 8601, null when the device was never active. */
  readonly lastActivityTime: string | null;
  readonly tags: JsonObject;
}

export interface ListOptions {
  /** Ids and globs; all devices when empty. */
  readonly globs: readonly string[];
  readonly where?: string | undefined;
  readonly top?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const selected = 'deviceId, status, statusReason, connectionState, lastActivityTime, tags';

/** Devices in the hub's order, page by page. Failure: invalid-query. */
export async function* listDevices(
  hub: Pick<Hub, 'queries'>,
  options: ListOptions,
): AsyncGenerator<DeviceSummary, void, undefined> {
  const { globs, where, top, signal } = options;
  const conditions = [where, conditionOfGlobs(globs)].filter((condition) => condition !== undefined);
  const filter =
    conditions.length === 0 ? '' : ` WHERE ${conditions.map((condition) => `(${condition})`).join(' AND ')}`;
  // The hub may let through more than a glob does, so only without globs can it count for us.
  const limit = top !== undefined && globs.length === 0 ? `TOP ${top} ` : '';
  let remaining = top ?? Number.POSITIVE_INFINITY;
  if (remaining <= 0) return;
  try {
    for await (const rows of hub.queries.query(`SELECT ${limit}${selected} FROM devices${filter}`, {
      ...(signal && { signal }),
    })) {
      for (const row of rows) {
        const device = toSummary(row);
        if (globs.length > 0 && !globs.some((glob) => matchGlob(glob, device.deviceId))) continue;
        yield device;
        if (--remaining <= 0) return;
      }
    }
  } catch (error) {
    if (!isFailure(error, 'invalid-query') || where === undefined) throw error;
    const { placeInCondition } = await import('../queries/index.ts');
    throw placeInCondition(error, where);
  }
}

/** A time as the hub stores it, null for its stamp of "never". */
export function knownTime(text: unknown): string | null {
  return typeof text === 'string' && text !== '' && !text.startsWith(neverTime.slice(0, 10)) ? text : null;
}

function toSummary(row: JsonObject): DeviceSummary {
  const { deviceId, status, statusReason, connectionState, lastActivityTime, tags } = row;
  return {
    deviceId: textOf(deviceId),
    status: textOf(status),
    statusReason: typeof statusReason === 'string' ? statusReason : null,
    connectionState: textOf(connectionState),
    lastActivityTime: knownTime(lastActivityTime),
    tags: isJsonObject(tags) ? tags : {},
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
