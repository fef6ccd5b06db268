import { describe, expect, test } from 'vitest';
import { failureOfSignIn } from '../../../src/client/entra/sign-in-failure.ts';
import type { EntraConnection } from '../../../src/config/index.ts';
import { Failure } from '../../../src/errors/index.ts';

const connection: EntraConnection = {
  name: 'plant',
  kind: 'cloud',
  auth: 'entra',
  hostName: 'plant.azure-devices.net',
  credential: 'environment',
  source: 'profile',
};

describe('why a sign-in fails', () => {
  test.each([
    ['AADSTS7000215: Invalid client secret provided. Trace ID: x Correlation ID: y', 'AZURE_CLIENT_SECRET'],
    ['AADSTS7000222: The provided client secret keys are expired', 'expired'],
    ['AADSTS700016: Application with identifier was not found', 'AZURE_CLIENT_ID'],
    ['AADSTS90002: Tenant not found', 'AZURE_TENANT_ID'],
  ])('when the directory says %s, then the hint is about it', (message, hint) => {
    const failure = failureOfSignIn(
      new Error(`invalid_client Status code: 401\nMore details:\n${message}`),
      connection,
    );
    expect(failure.code).toBe('not-authorised');
    expect(failure.hint).toContain(hint);
    expect(failure.message).toMatch(/^the sign-in for plant\.azure-devices\.net failed: AADSTS\d+: [^\n]*$/);
    expect(failure.message).not.toContain('Trace ID');
  });

  test('when several ways failed, then each is told once and the summary is left out', () => {
    const several = Object.assign(new Error('ChainedTokenCredential authentication failed.'), {
      errors: [new Error('A is unavailable. To troubleshoot, visit https://x'), new Error('B is unavailable.')],
    });
    expect(failureOfSignIn(several, { ...connection, credential: 'default' }).message).toBe(
      'the sign-in for plant.azure-devices.net failed: A is unavailable; B is unavailable',
    );
  });

  test.each(['ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT'])(
    'when the directory cannot be reached (%s), then exit 9',
    (code) => {
      const inner = Object.assign(new Error(`connect ${code}`), { code });
      const failure = failureOfSignIn(new Error('request failed', { cause: inner }), connection);
      expect(failure).toMatchObject({ code: 'hub-unreachable', retryable: true, exitCode: 9 });
    },
  );

  test('when it is a failure of ours already, then it stays as it is', () => {
    const failure = new Failure('input-required', 'somebody is needed');
    expect(failureOfSignIn(failure, connection)).toBe(failure);
  });
});
