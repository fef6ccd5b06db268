import { describe, expect, it } from 'vitest';
import { failureOfAnswer } from '../../../src/client/http/answer-failure.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';

const token = createSasToken({ resource: 'hub', key: 'AAAA', keyName: 'owner', expiresAt: 4e9 });

describe('an answer that is an error', () => {
  it.each([400, 401, 404, 429, 500])(
    'when it (%i) mirrors what was sent, then no token is told to anybody',
    (status) => {
      const body = JSON.stringify({ errorCode: 400_027, message: `you said ${token}`, trackingId: token });
      const headers = { 'x-ms-request-id': token, 'iothub-errorcode': token };
      const failure = failureOfAnswer({ status, headers, body }, { hostName: 'hub', action: 'look', now: 0 });
      const told = [failure.message, JSON.stringify(failure.details), String(failure.hint)].join('\n');
      expect(told).not.toMatch(/sig=[^&\s[]/);
      expect(told).not.toContain('sr=hub');
    },
  );

  it('when it says what is wrong, then that is told', () => {
    const body = JSON.stringify({ Message: 'ErrorCode:ArgumentInvalid;the tag is too long', ExceptionMessage: '' });
    const failure = failureOfAnswer(
      { status: 400, headers: {}, body },
      { hostName: 'hub', action: 'write tags', now: 0 },
    );
    expect(failure.message).toBe('cannot write tags: the tag is too long');
  });
});
