import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Clock } from '../../std/clock.ts';
import type { HubCore } from '../core/services.ts';
import type { Door } from '../door.ts';
import type { Listener } from '../listeners.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { StoreHealth } from '../store/health.ts';
import type { Certificates } from '../tls/index.ts';
import type { HubCounters } from './counting.ts';
import { createOperations, type Operations } from './operations.ts';
import type { OperationsSources } from './sources.ts';

export interface OperationsParts {
  readonly core: HubCore;
  readonly counters: HubCounters;
  /** Filled while the ports open. */
  readonly listeners: readonly Listener[];
  readonly certificates: Certificates;
  readonly door: Pick<Door, 'figures'>;
  readonly unfinished: Pick<MemoryBudget, 'held' | 'refused'>;
  readonly health: Pick<StoreHealth, 'problems'>;
  readonly dataDir: string;
  readonly version: string;
  readonly clock: Clock;
}

/** With less than this free, the next batch or the next checkpoint may already fail. */
const leastFreeBytes = 64 * 1024 * 1024;

/** What machines may ask of this hub. */
export function openOperations(parts: OperationsParts): Operations {
  return createOperations(sourcesOf(parts), parts.clock);
}

function sourcesOf({
  core,
  counters,
  listeners,
  certificates,
  door,
  unfinished,
  health,
  dataDir,
  version,
}: OperationsParts): OperationsSources {
  const disk = async (): Promise<{ free: number; size: number }> => {
    const { bavail, blocks, bsize } = await statfs(dataDir);
    return { free: bavail * bsize, size: blocks * bsize };
  };
  return {
    version,
    counters,
    devices: () => core.registry.counts(),
    sessions: () => core.sessions.size,
    ports: () => listeners,
    door: () => door.figures,
    unfinished: () => unfinished,
    telemetry: () => core.telemetry.stats(),
    storedMessages: async () => (await core.telemetry.partitions()).reduce((sum, { next }) => sum + next, 0),
    disk,
    certificates: [
      { name: 'server', expires: expiryOf(certificates.server.certificate) },
      { name: 'authority', expires: expiryOf(readFileSync(certificates.caFile)) },
    ],
    checks: {
      // Of the thread that writes; what is counted may be answered beside it.
      registry: async () => void (await core.registry.list(1)),
      telemetry: async () => void (await core.telemetry.partitions()),
      disk: async () => {
        const { free } = await disk();
        return free < leastFreeBytes ? `less than ${leastFreeBytes / 1_048_576} MB are free` : undefined;
      },
      writes: async () => health.problems.map(({ part, reason }) => `${part}: ${reason}`)[0],
      ports: async () => (listeners.length === 0 ? 'no port listens yet' : undefined),
    },
  };
}

function expiryOf(pem: string | Uint8Array): number {
  return Date.parse(new X509Certificate(pem).validTo);
}
