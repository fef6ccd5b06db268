import type { Twin, TwinChange } from '../../protocol/twin/document.ts';
import { pool } from '../../std/pool.ts';
import { outcomeOf } from '../devices/outcome.ts';
import type { DeviceOutcome } from '../devices/index.ts';
import type { Hub } from '../ports.ts';
import { applyPatch } from './change.ts';
import { contentOf } from './content.ts';
import { diffDocuments, type Difference } from './diff.ts';

export interface SetTwinsOptions {
  readonly change: TwinChange;
  /** Only when the twin still has this etag; for one device. */
  readonly etag?: string | undefined;
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** Changes one twin. Failures: device-not-found, changed-meanwhile. */
export async function setTwin(
  hub: Pick<Hub, 'twins'>,
  deviceId: string,
  options: Omit<SetTwinsOptions, 'concurrency'>,
): Promise<Twin> {
  const { change, etag, signal } = options;
  return hub.twins.patch(deviceId, change, { ...(etag !== undefined && { etag }), ...(signal && { signal }) });
}

/** Makes the same change to many twins; one outcome a device. */
export function setTwins(
  hub: Pick<Hub, 'twins'>,
  deviceIds: Iterable<string> | AsyncIterable<string>,
  options: SetTwinsOptions,
): AsyncGenerator<DeviceOutcome, void, undefined> {
  const work = async (deviceId: string): Promise<'changed'> => {
    await setTwin(hub, deviceId, options);
    return 'changed';
  };
  return pool(
    deviceIds,
    options.concurrency,
    async (deviceId) => outcomeOf(deviceId, async () => work(deviceId), options.signal),
    options.signal,
  );
}

/** What a change would do to a twin as it is now. */
export async function previewTwin(
  hub: Pick<Hub, 'twins'>,
  deviceId: string,
  change: TwinChange,
  signal?: AbortSignal,
): Promise<Difference[]> {
  const twin = await hub.twins.get(deviceId, signal);
  const desired = contentOf(twin.properties.desired);
  return [
    ...diffDocuments(desired, applyPatch(desired, change.properties?.desired ?? {}), ['desired']),
    ...diffDocuments(twin.tags, applyPatch(twin.tags, change.tags ?? {}), ['tags']),
  ];
}
