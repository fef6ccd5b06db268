import { describe, expect, it } from 'vitest';
import { createFaults } from '../../../../src/hub/core/faults/faults.ts';
import { faultyCommands } from '../../../../src/hub/core/faults/faulty-commands.ts';
import { faultLimits } from '../../../../src/protocol/faults.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

function setup(row: readonly number[] = []) {
  const clock = fakeClock();
  const left = [...row];
  return { clock, faults: createFaults({ clock, random: () => left.shift() ?? 0 }) };
}

describe('faults', () => {
  it('strike where their kind says, on the devices their glob names, modules too', () => {
    const { faults } = setup();
    faults.add({ kind: 'drop', device: 'pump-*' });
    expect(faults.at('receive', 'pump-1')).toEqual({ kind: 'drop', delayMs: 0 });
    expect(faults.at('send', 'pump-1/camera')).toEqual({ kind: 'drop', delayMs: 0 });
    expect(faults.at('connect', 'pump-1')).toBeUndefined();
    expect(faults.at('receive', 'truck-1')).toBeUndefined();
  });

  it('strike with their probability and count how often', () => {
    const { faults } = setup([0.05, 0.1, 0.9]);
    faults.add({ kind: 'refuse', probability: 0.1 });
    expect([1, 2, 3].map(() => faults.at('connect', 'any')?.kind)).toEqual(['refuse', undefined, undefined]);
    expect(faults.list()).toMatchObject([{ id: 'fault-1', device: '*', strikes: 1, expiresAt: null, delayMs: null }]);
  });

  it('are tried in the order of their adding', () => {
    const { faults } = setup([0.9]);
    faults.add({ kind: 'drop', probability: 0.5 });
    faults.add({ kind: 'delay', delayMs: 200 });
    expect(faults.at('receive', 'any')).toEqual({ kind: 'delay', delayMs: 200 });
  });

  it('end with their time, or when they are cleared', async () => {
    const { clock, faults } = setup();
    faults.add({ kind: 'refuse', forMs: 1_000 });
    faults.add({ kind: 'drop' });
    faults.add({ kind: 'disconnect' });
    await clock.advance(1_000);
    expect(faults.at('connect', 'any')).toBeUndefined();
    expect(faults.clear('fault-2')).toBe(1);
    expect(() => faults.clear('fault-2')).toThrow(expect.objectContaining({ symbol: 'NotFound' }));
    expect(faults.clear()).toBe(1);
    expect(faults.at('receive', 'any')).toBeUndefined();
  });

  it.each([
    [{}, 'ArgumentNull'],
    [[], 'ArgumentInvalid'],
    [{ kind: 'explode' }, 'ArgumentInvalid'],
    [{ kind: 'drop', probability: 0 }, 'ArgumentInvalid'],
    [{ kind: 'drop', probability: 1.1 }, 'ArgumentInvalid'],
    [{ kind: 'drop', probability: '1' }, 'ArgumentInvalid'],
    [{ kind: 'delay', delayMs: -1 }, 'ArgumentInvalid'],
    [{ kind: 'delay', forMs: faultLimits.forMs + 1 }, 'ArgumentInvalid'],
    [{ kind: 'drop', device: '' }, 'ArgumentInvalid'],
  ])('refuse %j', (body, symbol) => {
    const { faults } = setup();
    expect(() => faults.add(body)).toThrow(expect.objectContaining({ symbol }));
  });

  it('are bounded in number', () => {
    const { faults } = setup();
    for (let count = 0; count < faultLimits.rules; count++) faults.add({ kind: 'drop' });
    expect(() => faults.add({ kind: 'drop' })).toThrow(expect.objectContaining({ symbol: 'GenericForbidden' }));
  });
});

describe('commands with faults', () => {
  const request = { methodName: 'ping', payload: null, responseTimeoutInSeconds: 5 };

  it('time out without reaching the device', async () => {
    const { clock, faults } = setup();
    let calls = 0;
    const commands = faultyCommands(
      { invoke: async () => ({ status: ++calls, payload: null }), answer: () => undefined },
      faults,
      clock,
    );
    faults.add({ kind: 'method-timeout', device: 'pump' });
    const refused = expect(commands.invoke('pump', request)).rejects.toMatchObject({ symbol: 'GatewayTimeout' });
    await clock.advance(5_000);
    await refused;
    expect(calls).toBe(0);
    expect(await commands.invoke('truck', request)).toMatchObject({ status: 1 });
  });

  it('come late', async () => {
    const { clock, faults } = setup();
    const commands = faultyCommands(
      { invoke: async () => ({ status: clock.monotonic(), payload: null }), answer: () => undefined },
      faults,
      clock,
    );
    faults.add({ kind: 'delay', delayMs: 300 });
    const answer = commands.invoke('pump', request);
    await clock.advance(1_000);
    expect(await answer).toMatchObject({ status: 300 });
  });
});
