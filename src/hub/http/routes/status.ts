import type { FastifyInstance } from 'fastify';
import { isoMillis } from '../../../protocol/time.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';

/** What `GET /iotctl/status` answers; an extension of this hub. Times are ISO 8601, null when nothing is stored. */
export interface HubStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly devices: { readonly total: number; readonly enabled: number; readonly connected: number };
  readonly telemetry: {
    readonly partitions: number;
    readonly messages: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly newest: string | null;
  };
}

export function statusRoutes(app: FastifyInstance, context: RouteContext): void {
  const options = { config: { hub: { access: rights.status, unversioned: true } } } as const;
  app.get('/iotctl/status', options, () => readStatus(context));
}

async function readStatus({ core, clock, version, startedAt }: RouteContext): Promise<HubStatus> {
  const [devices, log] = await Promise.all([core.registry.counts(), core.telemetry.stats()]);
  return {
    version,
    startedAt: isoMillis(startedAt),
    uptimeSeconds: Math.max(0, Math.round((clock.now() - startedAt) / 1_000)),
    devices,
    telemetry: {
      partitions: log.partitions,
      messages: log.messages,
      bytes: log.bytes,
      oldest: log.oldestTime === undefined ? null : isoMillis(log.oldestTime),
      newest: log.newestTime === undefined ? null : isoMillis(log.newestTime),
    },
  };
}
