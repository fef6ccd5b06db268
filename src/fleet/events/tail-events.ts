import { eventSources, type MessageSource } from '../../protocol/telemetry/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { Hub } from '../ports.ts';
import { tailTelemetry, type TailRequest } from '../telemetry/index.ts';
import { readDeviceEvent, typeOfEvent, typeSources, type DeviceEvent, type EventType } from './device-event.ts';

export interface EventRequest extends Omit<TailRequest, 'sources' | 'accepts'> {
  /** Every event when empty. */
  readonly types: readonly EventType[];
}

/** Follows what a hub tells of its devices; as {@link tailTelemetry} in everything else. */
export async function* tailEvents(
  hub: Pick<Hub, 'telemetry' | 'queries'>,
  clock: Clock,
  { types, ...request }: EventRequest,
): AsyncGenerator<readonly DeviceEvent[], void, undefined> {
  const sources: readonly MessageSource[] =
    types.length === 0 ? eventSources : [...new Set(types.flatMap((type) => typeSources[type]))];
  const batches = tailTelemetry(hub, clock, {
    ...request,
    counted: 'events',
    sources,
    accepts: (message) => {
      const type = types.length === 0 ? undefined : typeOfEvent(readDeviceEvent(message));
      return types.length === 0 || (type !== undefined && types.includes(type));
    },
  });
  for await (const messages of batches) yield messages.map(readDeviceEvent);
}

/** Follows messages on their way to devices. Failure `unsupported` for a hub that is not iotctl's own. */
export async function* tailMessageEvents(
  hub: Pick<Hub, 'telemetry' | 'queries'>,
  clock: Clock,
  request: Omit<TailRequest, 'sources' | 'accepts'>,
): AsyncGenerator<readonly DeviceEvent[], void, undefined> {
  for await (const messages of tailTelemetry(hub, clock, {
    ...request,
    counted: 'events',
    sources: ['deviceMessageEvents'],
  }))
    yield messages.map(readDeviceEvent);
}
