import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Acknowledgements } from '../../../src/hub/mqtt/acknowledgements.ts';

type Action =
  | { kind: 'telemetry' }
  | { kind: 'request' }
  | { kind: 'stored' }
  | { kind: 'answered'; pick: number }
  | { kind: 'take' };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.constant({ kind: 'telemetry' as const }),
    fc.constant({ kind: 'request' as const }),
    fc.constant({ kind: 'stored' as const }),
    fc.record({ kind: fc.constant('answered' as const), pick: fc.nat() }),
    fc.constant({ kind: 'take' as const }),
  ),
  { maxLength: 400 },
);

function identifiers(packets: Uint8Array | undefined): number[] {
  if (packets === undefined) return [];
  const bytes = Buffer.from(packets);
  return Array.from({ length: bytes.length / 4 }, (_, index) => {
    expect(bytes.readUInt16BE(index * 4)).toBe(0x4002);
    return bytes.readUInt16BE(index * 4 + 2);
  });
}

it('when telemetry is stored in order and requests end in any order, then PUBACKs follow the order of publishing', () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const queue = new Acknowledgements();
      const model: { identifier: number; telemetry: boolean; done: boolean; slot: number }[] = [];
      let next = 1;
      let given = 0;
      const expectTake = (): void => {
        let end = given;
        while (model[end]?.done === true) end++;
        expect(identifiers(queue.take())).toEqual(model.slice(given, end).map((entry) => entry.identifier));
        given = end;
        expect(queue.size).toBe(model.length - given);
      };
      for (const step of steps) {
        const identifier = (next % 65_535) + 1;
        const waiting = model.filter((entry) => !entry.done && entry.telemetry === (step.kind === 'stored'));
        if (step.kind === 'telemetry') {
          next += 7_919;
          queue.addTelemetry(identifier);
          model.push({ identifier, telemetry: true, done: false, slot: -1 });
        } else if (step.kind === 'request') {
          next += 7_919;
          model.push({ identifier, telemetry: false, done: false, slot: queue.addRequest(identifier) });
        } else if (step.kind === 'take') {
          expectTake();
        } else {
          const entry = step.kind === 'stored' ? waiting[0] : waiting[step.pick % Math.max(waiting.length, 1)];
          if (entry === undefined) continue;
          entry.done = true;
          if (step.kind === 'stored') queue.completeTelemetry();
          else queue.complete(entry.slot);
        }
      }
      expectTake();
    }),
    { numRuns: 500 },
  );
});
