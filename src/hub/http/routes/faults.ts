import type { FastifyInstance } from 'fastify';
import { faultsPath } from '../../../protocol/faults.ts';
import type { RouteContext } from '../app.ts';
import { idOf, jsonOf } from '../request.ts';

/** Faults on purpose, an extension of ours; for those who may change the hub itself. */
export function faultRoutes(app: FastifyInstance, { core }: RouteContext): void {
  const options = { config: { hub: { access: ['RegistryWrite'], unversioned: true } } } as const;
  app.get(faultsPath, options, async () => core.faults.list());
  app.post(faultsPath, options, async (request) => core.faults.add(jsonOf(request)));
  app.delete(faultsPath, options, async () => ({ cleared: core.faults.clear() }));
  app.delete(`${faultsPath}/:id`, options, async (request) => ({ cleared: core.faults.clear(idOf(request)) }));
}
