import { createCbsRoute } from './cbs.ts';
import type { AmqpContext } from './context.ts';
import type { LinkRoute } from './route.ts';

/** Every address of the front, in the order they are tried. */
export function createRoutes(context: AmqpContext): readonly LinkRoute[] {
  return [createCbsRoute(context)];
}
