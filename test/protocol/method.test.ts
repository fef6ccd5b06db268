import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/protocol/hub-errors.ts';
import { parseMethodPayload, parseMethodRequest } from '../../src/protocol/method.ts';

function symbolOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HubError) return error.symbol;
    throw error;
  }
  return 'accepted';
}

describe('parseMethodRequest', () => {
  it('fills the defaults: service.md §4', () => {
    expect(parseMethodRequest({ methodName: 'reboot' })).toEqual({
      methodName: 'reboot',
      payload: null,
      responseTimeoutInSeconds: 30,
      connectTimeoutInSeconds: 0,
    });
  });

  it('takes member names in any case, and the exact one first', () => {
    expect(parseMethodRequest({ MethodName: 'a', methodName: 'b', Payload: [1], responsetimeoutinseconds: 5 })).toEqual(
      {
        methodName: 'b',
        payload: [1],
        responseTimeoutInSeconds: 5,
        connectTimeoutInSeconds: 0,
      },
    );
  });

  it.each([
    [5, 0, 'accepted'],
    [300, 300, 'accepted'],
    [4, 0, 'ArgumentInvalid'],
    [301, 0, 'ArgumentInvalid'],
    [30, -1, 'ArgumentInvalid'],
    [300, 301, 'ArgumentInvalid'],
    [10, 11, 'ArgumentInvalid'],
    [5.5, 0, 'ArgumentInvalid'],
    ['30', 0, 'ArgumentInvalid'],
  ])(
    'response timeout %s with connect timeout %s: %s',
    (responseTimeoutInSeconds, connectTimeoutInSeconds, expected) => {
      expect(
        symbolOf(() => parseMethodRequest({ methodName: 'a', responseTimeoutInSeconds, connectTimeoutInSeconds })),
      ).toBe(expected);
    },
  );

  it.each([
    ['thermostat*reboot', 'accepted'],
    ['a'.repeat(100), 'accepted'],
    ['a'.repeat(101), 'ArgumentInvalid'],
    ['', 'ArgumentInvalid'],
    [undefined, 'ArgumentNull'],
    [7, 'ArgumentInvalid'],
    ['a b', 'ArgumentInvalid'],
    ['a/b', 'ArgumentInvalid'],
    ['a#', 'ArgumentInvalid'],
    ['+', 'ArgumentInvalid'],
    ['$a', 'ArgumentInvalid'],
    ['ä', 'ArgumentInvalid'],
  ])('method name %j: %s', (methodName, expected) => {
    expect(symbolOf(() => parseMethodRequest({ methodName }))).toBe(expected);
  });

  it.each([null, 'text', [], 7, undefined])('when the body is %j, then it is refused', (body) => {
    expect(symbolOf(() => parseMethodRequest(body))).toBe('ArgumentInvalid');
  });

  it('when the payload is one byte over 128 KB, then it is refused', () => {
    const fitting = 'x'.repeat(128 * 1024 - 2);
    expect(symbolOf(() => parseMethodRequest({ methodName: 'a', payload: fitting }))).toBe('accepted');
    expect(symbolOf(() => parseMethodRequest({ methodName: 'a', payload: `${fitting}x` }))).toBe('MessageTooLarge');
  });
});

describe('parseMethodPayload', () => {
  it('reads JSON, and nothing as null', () => {
    expect(parseMethodPayload('{"a":[1]}')).toEqual({ a: [1] });
    expect(parseMethodPayload('')).toBeNull();
    expect(parseMethodPayload('null')).toBeNull();
  });

  it('when the answer is not JSON or too large, then it is the device’s fault', () => {
    expect(symbolOf(() => parseMethodPayload('<html>'))).toBe('BadDeviceResponse');
    expect(symbolOf(() => parseMethodPayload(JSON.stringify('x'.repeat(128 * 1024))))).toBe('BadDeviceResponse');
  });
});
