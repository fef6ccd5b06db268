import { expect, test } from 'vitest';
import { errorReply, isAnswer } from '../../../src/hub/http/errors.ts';
import { HubError } from '../../../src/protocol/hub-errors.ts';

const messageOf = (error: unknown, envelope: 'classic' | 'nested' = 'classic') =>
  (errorReply(error, envelope, 0).body as { Message: string }).Message;

test('when a text has semicolons, SDKs that split there still find code and text', () => {
  expect(messageOf(new HubError('ArgumentInvalid', 'a;b;c'))).toBe('ErrorCode:ArgumentInvalid;a,b,c');
});

test('when something inside fails, neither its text nor its stack leaves the hub', () => {
  const error = new Error('SELECT secret FROM devices');
  for (const envelope of ['classic', 'nested'] as const)
    expect(JSON.stringify(errorReply(error, envelope, 0))).not.toMatch(/secret|errors\.test/);
  expect(errorReply(error, 'classic', 0)).toMatchObject({ status: 500, symbol: 'ServerError' });
  expect(isAnswer(error)).toBe(false);
});

test.each([Object.assign(new Error('full'), { code: 'ENOSPC' })])(
  'when the disk is full, the caller hears that, with a status that says not to try again',
  (error) => {
    expect(messageOf(error)).toBe('ErrorCode:InsufficientStorage;The disk of the hub is full, so nothing was stored.');
    expect(errorReply(error, 'classic', 0).status).toBe(507);
  },
);

test('when the HTTP layer refuses, its status is kept', () => {
  expect(errorReply(Object.assign(new Error('x'), { statusCode: 413 }), 'classic', 0)).toMatchObject({
    status: 413,
    symbol: 'MessageTooLarge',
  });
  expect(errorReply(Object.assign(new Error('x'), { statusCode: 400 }), 'classic', 0)).toMatchObject({
    status: 400,
    symbol: 'IotHubFormatError',
  });
});
