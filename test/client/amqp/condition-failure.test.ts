import { describe, expect, it } from 'vitest';
import { failureOfCondition, readCondition } from '../../../src/client/amqp/condition-failure.ts';

const context = { hostName: 'hub.example', action: 'send a message to pump-1' };

function messageFor(description: string): string {
  return failureOfCondition({ condition: 'amqp:not-allowed', description, info: {} }, context).message;
}

describe('an error of a peer', () => {
  it('when it has a condition, then that is read with what goes with it; anything else is none', () => {
    expect(readCondition({ condition: 'amqp:not-found', description: 'gone', info: { port: 1 } })).toEqual({
      condition: 'amqp:not-found',
      description: 'gone',
      info: { port: 1 },
    });
    expect(readCondition({ condition: 'x' })).toEqual({ condition: 'x', description: '', info: {} });
    for (const none of [undefined, null, 'text', new Error('x'), {}]) expect(readCondition(none)).toBeUndefined();
  });

  it.each([
    ['amqp:unauthorized-access', 'not-authorised', false],
    ['amqp:resource-limit-exceeded', 'quota-exceeded', false],
    ['com.microsoft:device-container-throttled', 'throttled', true],
    ['amqp:link:detach-forced', 'hub-unreachable', true],
    ['amqp:internal-error', 'hub-failed', true],
    ['com.example:new', 'refused', false],
  ] as const)('when it is %s, then the failure is %s', (condition, code, retryable) => {
    expect(failureOfCondition({ condition, description: '', info: {} }, context)).toMatchObject({ code, retryable });
  });

  it('when a device is meant and not there, then that is said', () => {
    const error = { condition: 'amqp:not-found', description: '', info: {} };
    expect(failureOfCondition(error, { ...context, deviceId: 'pump-1' })).toMatchObject({ code: 'device-not-found' });
    expect(failureOfCondition(error, context)).toMatchObject({ code: 'not-found' });
  });

  it('when the reason is JSON, as hubs write it, then its message is told; broken JSON is told as it is', () => {
    expect(messageFor('{"errorCode":400027,"message":"Too old."}')).toBe('cannot send a message to pump-1: Too old.');
    expect(messageFor('{"errorCode":400027}')).toContain('the hub answered amqp:not-allowed');
    expect(messageFor('{broken')).toContain('{broken');
  });
});
