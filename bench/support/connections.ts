import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectorPlan } from '../load/connector.ts';
import type { CaseContext } from './case.ts';
import { holdConnections } from './load.ts';
import { residentMb } from './memory.ts';

/** So long the server has for tidying up, before the connections come and before it is looked at again. */
export const settleSeconds = 8;

/** The resident memory of a process that has had its time for tidying up, in MB. */
export async function settledMb(pid: number, small: boolean): Promise<number> {
  await delay(small ? 1_000 : settleSeconds * 1_000);
  return residentMb(pid);
}

/** What each connection adds to the resident memory of a process, in KB (2^10 bytes). They are closed afterwards. */
export async function kilobytesOfEach(
  { small, progress }: CaseContext,
  pid: number,
  plan: Pick<ConnectorPlan, 'port' | 'clients' | 'ca'>,
): Promise<number> {
  const before = await settledMb(pid, small);
  const held = await holdConnections({ ...plan, atOnce: 100 });
  const each = (((await settledMb(pid, small)) - before) * 1_024) / plan.clients.length;
  await held.close();
  progress(`${each.toFixed(1)} KB for each of ${plan.clients.length} connections`);
  return each;
}
