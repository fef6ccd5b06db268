import type { PortFallback } from '../../hub/index.ts';

/** What is said when a port of the hub's own could not be had. */
export function replacedText({ wanted, got, reason, flag, name }: PortFallback): string {
  return `port ${wanted} (${name}) is ${reason}; using ${got} instead (choose one with ${flag})`;
}

/** What is said when the profile of the hub on this machine is that of another one. */
export function ofAnotherHub(profile: string): string {
  return `the profile "${profile}" belongs to another hub and is left alone; to give it to this one: iotctl profile remove ${profile}, and start again`;
}
