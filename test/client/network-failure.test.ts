import { expect, test } from 'vitest';
import { failureOfNetwork, wasNeverSent } from '../../src/client/http/network-failure.ts';

const context = { hostName: 'plant.example', address: 'plant.example:443', local: false, hasCaFile: false };

function systemError(code: string, message = 'secret-free text'): Error {
  return Object.assign(new Error(message), { code });
}

test.each<[string, string, RegExp, boolean]>([
  ['ECONNREFUSED', 'hub-unreachable', /nothing listens at plant.example:443/, true],
  ['ENOTFOUND', 'hub-unreachable', /no host plant.example/, true],
  ['EAI_AGAIN', 'hub-unreachable', /cannot be looked up/, true],
  ['ETIMEDOUT', 'hub-unreachable', /does not answer in time/, false],
  ['ECONNRESET', 'hub-unreachable', /failed: secret-free text/, false],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls-untrusted', /signed by nobody/, true],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls-untrusted', /signed by nobody/, true],
  ['CERT_HAS_EXPIRED', 'tls-untrusted', /has expired/, true],
  ['CERT_NOT_YET_VALID', 'tls-untrusted', /not valid yet/, true],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-untrusted', /another host name/, true],
  ['EPROTO', 'hub-unreachable', /does not speak TLS/, false],
])('when the system says %s, then the failure is %s', (code, expected, text, neverSent) => {
  const failure = failureOfNetwork(systemError(code), context);
  expect(failure.code).toBe(expected);
  expect(failure.message).toMatch(text);
  expect(failure.hint).not.toBe('');
  expect(wasNeverSent(systemError(code))).toBe(neverSent);
});

const hintFor = (profile?: string): string | undefined =>
  failureOfNetwork(systemError('ENOTFOUND'), { ...context, profile }).hint;

test('when there is no such host, then the hint names the profile that was used', () => {
  expect(hintFor('plant')).toBe('check the name: iotctl profile show plant');
  expect(hintFor()).toBe('check the name: iotctl profile show');
});

test('when a host has several addresses and all fail, then the first error counts', () => {
  const error = new AggregateError([systemError('ECONNREFUSED'), systemError('ECONNREFUSED')]);
  expect(failureOfNetwork(error, { ...context, local: true })).toMatchObject({
    code: 'hub-unreachable',
    hint: expect.stringContaining('iotctl hub start') as string,
  });
  expect(wasNeverSent(error)).toBe(true);
});
