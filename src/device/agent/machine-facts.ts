import { arch, hostname, release, type } from 'node:os';
import type { JsonObject } from '../../std/json.ts';

/** What an agent reports about its machine and itself. */
export function machineFacts(agentVersion: string): JsonObject {
  return { host: hostname(), os: { type: type(), release: release(), architecture: arch() }, agentVersion };
}
