/** What kind of work a request is for the hub: which limit it counts against, and whether it may be sent twice. */
import { methodMeterBytes, type Operation } from '../../protocol/rates.ts';
import type { Repeatability } from './retry.ts';

export interface Work {
  readonly operation: Operation;
  /** Operations; bytes for `method`. */
  readonly cost: number;
}

interface Shape {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** What a request counts as, undefined for what has no documented limit. Source: service.md §11.1. */
export function workOf({ method, path, body }: Shape): Work | undefined {
  const [noun = '', , third, fourth] = path.split('/').slice(1);
  if (path === '/devices/query') return one('query');
  if (path.endsWith('/methods') || third === 'commands' || fourth === 'commands') {
    return noun === 'devices' ? one('cloud-to-device') : { operation: 'method', cost: methodMeterBytes };
  }
  // Each device of a bulk request counts.
  if (noun === 'devices') return { operation: 'registry', cost: Array.isArray(body) ? body.length : 1 };
  if (noun === 'twins' || noun === 'digitaltwins') return one(method === 'GET' ? 'twin-read' : 'twin-update');
  if (noun === 'jobs') return one('job');
  if (noun === 'configurations') return one('configuration');
  return undefined;
}

function one(operation: Operation): Work {
  return { operation, cost: 1 };
}

const safePosts: ReadonlySet<string> = new Set(['/devices/query', '/configurations/testQueries']);

/**
 * Reads and whole replacements may be sent twice, and so may a bulk of devices, whose doubles are told apart afterwards; any other
 * POST may do its work twice. Source: service.md §11.3-3.
 */
export function repeatabilityOf({ method, path, body }: Shape): Repeatability {
  if (method !== 'POST' || safePosts.has(path)) return 'idempotent';
  return path === '/devices' && Array.isArray(body) ? 'idempotent' : 'once';
}
