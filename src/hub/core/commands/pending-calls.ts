import { HubError } from '../../../protocol/hub-errors.ts';
import type { MethodResponse } from '../../../protocol/method.ts';
import type { Ending } from './wait.ts';

/** Calls by device and request id. One device cannot answer, or even find out about, another's call. */
export interface PendingCalls {
  /** Reserves a place; HubError DeviceMaximumInflightMethodExceeded when the device has too many. The result gives it back. */
  enter(deviceId: string): () => void;
  add(deviceId: string, requestId: string, call: Ending<MethodResponse>): void;
  take(deviceId: string, requestId: string): Ending<MethodResponse> | undefined;
}

export function createPendingCalls(maxPerDevice: number): PendingCalls {
  const inFlight = new Map<string, number>();
  const calls = new Map<string, Map<string, Ending<MethodResponse>>>();

  function leave(deviceId: string): void {
    const count = (inFlight.get(deviceId) ?? 1) - 1;
    if (count === 0) inFlight.delete(deviceId);
    else inFlight.set(deviceId, count);
  }

  return {
    enter(deviceId) {
      const count = inFlight.get(deviceId) ?? 0;
      if (count >= maxPerDevice) {
        throw new HubError(
          'DeviceMaximumInflightMethodExceeded',
          `Device '${deviceId}' has ${maxPerDevice} calls in flight already.`,
        );
      }
      inFlight.set(deviceId, count + 1);
      let left = false;
      return () => {
        if (!left) leave(deviceId);
        left = true;
      };
    },
    add(deviceId, requestId, call) {
      const own = calls.get(deviceId) ?? new Map<string, Ending<MethodResponse>>();
      calls.set(deviceId, own.set(requestId, call));
    },
    take(deviceId, requestId) {
      const own = calls.get(deviceId);
      const call = own?.get(requestId);
      own?.delete(requestId);
      if (own?.size === 0) calls.delete(deviceId);
      return call;
    },
  };
}
