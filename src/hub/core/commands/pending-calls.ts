import type { IdentityPath } from '../../../protocol/identity-path.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { MethodResponse } from '../../../protocol/method.ts';
import type { Ending } from './wait.ts';

/** Calls by identity and request id. One device cannot answer, or even find out about, another's call. */
export interface PendingCalls {
  /** Reserves a place; HubError DeviceMaximumInflightMethodExceeded when the device has too many. The result gives it back. */
  enter(identity: IdentityPath): () => void;
  add(identity: IdentityPath, requestId: string, call: Ending<MethodResponse>): void;
  take(identity: IdentityPath, requestId: string): Ending<MethodResponse> | undefined;
}

export function createPendingCalls(maxPerDevice: number): PendingCalls {
  const inFlight = new Map<string, number>();
  const calls = new Map<string, Map<string, Ending<MethodResponse>>>();

  function leave(identity: IdentityPath): void {
    const count = (inFlight.get(identity) ?? 1) - 1;
    if (count === 0) inFlight.delete(identity);
    else inFlight.set(identity, count);
  }

  return {
    enter(identity) {
      const count = inFlight.get(identity) ?? 0;
      if (count >= maxPerDevice) {
        throw new HubError(
          'DeviceMaximumInflightMethodExceeded',
          `'${identity}' has ${maxPerDevice} calls in flight already.`,
        );
      }
      inFlight.set(identity, count + 1);
      let left = false;
      return () => {
        if (!left) leave(identity);
        left = true;
      };
    },
    add(identity, requestId, call) {
      const own = calls.get(identity) ?? new Map<string, Ending<MethodResponse>>();
      calls.set(identity, own.set(requestId, call));
    },
    take(identity, requestId) {
      const own = calls.get(identity);
      const call = own?.get(requestId);
      own?.delete(requestId);
      if (own?.size === 0) calls.delete(identity);
      return call;
    },
  };
}
