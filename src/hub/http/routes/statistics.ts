import type { FastifyInstance } from 'fastify';
import { rights } from '../access.ts';
import type { RouteContext } from '../app.ts';

/** Counts. Source: service.md §2.1. */
export function statisticsRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: rights.statistics } } };
  app.get('/statistics/devices', options, async () => {
    const { total, enabled } = await core.registry.counts();
    return { totalDeviceCount: total, enabledDeviceCount: enabled, disabledDeviceCount: total - enabled };
  });
  app.get('/statistics/service', options, async () => ({
    connectedDeviceCount: (await core.registry.counts()).connected,
  }));
}
