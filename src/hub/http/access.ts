import type { FastifyRequest } from 'fastify';
import { HubError } from '../../protocol/hub-errors.ts';
import type { Gatekeeper, DevicePrincipal, Permission, ServicePrincipal } from '../core/services.ts';
import type { Envelope } from './errors.ts';
import { peerCertificatesOf } from '../tls/index.ts';
import { checkApiVersion, identityOf, parametersOf } from './request.ts';
import { withoutTrailing } from '../../std/without-trailing.ts';

/** What a route declares about itself. */
export interface RouteConfig {
  /**
   * Rights of which a back-end caller needs one; `device`: the device or module of the path itself; `route`: whoever the route lets in,
   * such as a device that proves itself to the provisioning service.
   */
  readonly access: readonly Permission[] | 'device' | 'route';
  /** Body shape of its errors. */
  readonly envelope?: Envelope;
  /** The hub's own extensions may be asked without an api-version. */
  readonly unversioned?: true;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    hub?: RouteConfig;
  }
  interface FastifyRequest {
    /** The device that sent the request, on routes with access `device`. */
    principal: DevicePrincipal | null;
    /** Who sent the request, on routes for back-end callers. */
    caller: ServicePrincipal | null;
  }
}

/** Rights by API (service.md §1.2); where that table is unsure, either of two rights opens the door. */
export const rights = {
  readDevices: ['RegistryRead'],
  writeDevices: ['RegistryWrite'],
  twins: ['ServiceConnect'],
  methods: ['ServiceConnect'],
  messages: ['ServiceConnect'],
  purge: ['ServiceConnect', 'RegistryWrite'],
  query: ['ServiceConnect', 'RegistryRead'],
  statistics: ['RegistryRead', 'ServiceConnect'],
  telemetry: ['ServiceConnect'],
  records: ['ServiceConnect'],
  artifacts: ['ServiceConnect'],
  audit: ['RegistryRead'],
  status: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
} as const satisfies Record<string, readonly Permission[]>;

/** Runs before any byte of a body is read: nobody unknown makes the hub keep something. */
export async function admit(gatekeeper: Gatekeeper, request: FastifyRequest): Promise<void> {
  const config = request.routeOptions.config.hub;
  if (config === undefined) throw new HubError('NotFound', 'There is nothing at this address.');
  const token = request.headers.authorization;
  const remote = request.raw.socket.remoteAddress;
  if (config.access === 'device') {
    request.principal = await gatekeeper.authenticateDevice({
      identity: identityOf(request),
      token,
      certificates: peerCertificatesOf(request.raw.socket),
      remote,
    });
  } else if (config.access !== 'route') {
    request.caller = await gatekeeper.authorizeService({
      token,
      resource: pathOf(request),
      anyOf: config.access,
      remote,
    });
  }
  if (config.unversioned !== true) checkApiVersion(parametersOf(request));
}

/** The path without parameters, decoded once, as a token's resource names it. */
function pathOf(request: FastifyRequest): string {
  const path = request.url.split('?', 1)[0] ?? '/';
  try {
    return withoutTrailing(decodeURIComponent(path), '/');
  } catch {
    throw new HubError('IotHubFormatError', 'The address is not encoded properly.');
  }
}
