import type { FastifyRequest } from 'fastify';
import { HubError } from '../../protocol/hub-errors.ts';
import { methodMeterBytes, type Operation } from '../../protocol/rates.ts';
import type { ThrottleService } from '../core/throttling/service.ts';
import { bytesOf } from './request.ts';

/** Everything that Azure does not have is below this path. */
const extensions = '/iotctl/';

/** A hub that imitates the cloud has what the cloud has. HubError NotFound for anything else. */
export function hideExtensions({ imitating }: ThrottleService, request: FastifyRequest): void {
  if (imitating && request.url.toLowerCase().startsWith(extensions))
    throw new HubError('NotFound', 'There is nothing at this address.');
}

/** Waits, or refuses, as the tier's limits say. HubErrors ThrottlingBacklogTimeout, IotHubQuotaExceeded. Source: service.md §11. */
export async function throttleRequest(throttle: ThrottleService, request: FastifyRequest): Promise<void> {
  if (!throttle.imitating) return;
  const operation = operationOf(request.method, request.routeOptions.url ?? '');
  if (operation === undefined) return;
  await throttle.admit(operation, costOf(operation, request));
}

interface Rule {
  readonly path: RegExp;
  readonly operation: Operation;
  /** Any method but GET when absent. */
  readonly method?: string;
}

/** The first rule that fits counts. A message from a device is counted where it is stored, whatever brought it. */
const rules: readonly Rule[] = [
  { path: /^\/devices\/query$/i, operation: 'query' },
  { path: /^\/devices\/:id\/applyConfigurationContent$/i, operation: 'configuration' },
  { path: /^\/configurations/i, operation: 'configuration', method: '*' },
  { path: /^\/jobs/i, operation: 'job', method: '*' },
  { path: /\/files$/i, operation: 'file-upload', method: 'POST' },
  { path: /^\/devices\/:id\/commands$/i, operation: 'cloud-to-device' },
  { path: /^\/(?:twins|digitaltwins)\/.*\/(?:methods|commands\/:command)$/i, operation: 'method' },
  { path: /^\/(?:twins|digitaltwins)\//i, operation: 'twin-read', method: 'GET' },
  { path: /^\/(?:twins|digitaltwins)\//i, operation: 'twin-update' },
  {
    path: /^\/devices(?:\/:[a-z]+(?:\/modules(?:\/:[a-z]+)?)?|\/keys\/regenerate)?$/i,
    operation: 'registry',
    method: '*',
  },
];

function operationOf(method: string, path: string): Operation | undefined {
  const fits = (rule: Rule): boolean =>
    rule.path.test(path) &&
    (rule.method === '*' || (rule.method === undefined ? method !== 'GET' : rule.method === method));
  return rules.find(fits)?.operation;
}

/** Each device of a bulk counts; methods are metered by 4 KB of payload. */
function costOf(operation: Operation, request: FastifyRequest): number {
  if (operation === 'method')
    return Math.max(1, Math.ceil(bytesOf(request).length / methodMeterBytes)) * methodMeterBytes;
  if (operation !== 'registry' || request.method !== 'POST') return 1;
  // The body is read again by the route; how many elements a bulk has shows in how often their key does.
  return Math.max(1, bytesOf(request).toString('latin1').toLowerCase().split('"importmode"').length - 1);
}
