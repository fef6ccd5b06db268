import type { FastifyInstance } from 'fastify';
import { hubStatusPath, type HubStatus } from '../../../protocol/hub-status.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';

export function statusRoutes(app: FastifyInstance, context: RouteContext): void {
  const options = { config: { hub: { access: rights.status, unversioned: true } } } as const;
  app.get(hubStatusPath, options, () => readStatus(context));
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
