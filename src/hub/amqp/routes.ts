import { createCbsRoute } from './cbs.ts';
import type { AmqpContext } from './context.ts';
import { createEventHubsRoute, type EventHubsOptions } from './event-hubs/index.ts';
import { createProvisioningRoute } from './provisioning/route.ts';
import { createDeviceRoute } from './device/routes.ts';
import { createServiceRoute } from './service/routes.ts';
import type { LinkRoute } from './route.ts';

/** Every address of the front, in the order they are tried. */
export function createRoutes(context: AmqpContext, eventHubs: EventHubsOptions): readonly LinkRoute[] {
  return [
    createCbsRoute(context),
    createDeviceRoute(context),
    createServiceRoute(context),
    createEventHubsRoute(context, eventHubs),
    createProvisioningRoute(context),
  ];
}
