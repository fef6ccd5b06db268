import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBag } from '../../src/protocol/mqtt/index.ts';
import { requestedFault } from '../../src/protocol/requested-fault.ts';

const bagOf = (properties: Record<string, string>): string => encodeBag({ system: {}, properties });

describe('a fault that a device asks for', () => {
  test('when a message names a known operation, it is read with its times', () => {
    const bag = bagOf({
      AzIoTHub_FaultOperationType: 'killTcp',
      AzIoTHub_FaultOperationCloseReason: ' severs the TCP connection ',
      AzIoTHub_FaultOperationDelayInSecs: '2',
      AzIoTHub_FaultOperationDurationInSecs: '20',
    });
    expect(requestedFault(bag)).toEqual({ operation: 'KillTcp', delayMs: 2_000, durationMs: 20_000 });
  });

  test('when a message names no operation or one nobody knows, it is a message like any other', () => {
    expect(requestedFault('')).toBeUndefined();
    expect(requestedFault(bagOf({ AzIoTHub_FaultOperationType: 'Explode' }))).toBeUndefined();
    expect(requestedFault(bagOf({ note: 'AzIoTHub_FaultOperationType' }))).toBeUndefined();
  });

  test('when the times are anything, they are whole, and an hour at most', () => {
    fc.assert(
      fc.property(fc.string(), (time) => {
        const bag = bagOf({ AzIoTHub_FaultOperationType: 'KillTcp', AzIoTHub_FaultOperationDelayInSecs: time });
        const { delayMs = -1 } = requestedFault(bag) ?? {};
        expect(Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= 3_600_000).toBe(true);
      }),
    );
  });
});
