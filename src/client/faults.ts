import { Failure, isFailure } from '../errors/index.ts';
import { faultsPath, type FaultRequest, type FaultRule } from '../protocol/faults.ts';
import type { Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient } from './http/service-client.ts';

/** Faults a hub makes on purpose, which iotctl's own hub serves. Failure `unsupported` elsewhere. */
export interface FaultStore {
  add(fault: FaultRequest, signal?: AbortSignal): Promise<FaultRule>;
  list(signal?: AbortSignal): Promise<FaultRule[]>;
  /** One, or all; answers how many there were. Failure not-found. */
  clear(id: string | undefined, signal?: AbortSignal): Promise<number>;
}

const extension: Extension = {
  name: 'faults on purpose',
  instead: 'test against a hub of iotctl: iotctl hub start, without --imitate',
};

export function createFaultStore(client: ServiceClient): FaultStore {
  return {
    async add(fault, signal) {
      const request = { method: 'POST', path: faultsPath, body: fault, action: 'add a fault' } as const;
      // A rule that is added twice strikes twice as often.
      const answer = await client.request({ ...request, repeatability: 'once', signal, extension });
      return parseAnswer(answer, isRule, 'fault');
    },
    async list(signal) {
      const request = { method: 'GET', path: faultsPath, action: 'list the faults', signal, extension } as const;
      return parseAnswer(await client.request(request), isRuleList, 'list of faults');
    },
    async clear(id, signal) {
      const path = id === undefined ? faultsPath : `${faultsPath}/${encodeURIComponent(id)}`;
      try {
        const answer = await client.request({ method: 'DELETE', path, action: 'clear faults', signal, extension });
        return parseAnswer(answer, isCount, 'count of faults').cleared;
      } catch (error) {
        if (id === undefined || !isFailure(error, 'not-found')) throw error;
        throw new Failure('not-found', `there is no fault ${id}`, { hint: 'iotctl hub fault list', cause: error });
      }
    },
  };
}

function isRule(value: object): value is FaultRule {
  return 'id' in value && 'kind' in value;
}

function isRuleList(value: object): value is FaultRule[] {
  return Array.isArray(value);
}

function isCount(value: object): value is { cleared: number } {
  return 'cleared' in value && typeof value.cleared === 'number';
}
