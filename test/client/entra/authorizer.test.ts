import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../../../src/client/authorization.ts';
import { createEntraAuthorizer } from '../../../src/client/entra/authorizer.ts';
import type { CredentialFactory } from '../../../src/client/entra/credential.ts';
import { connectHub } from '../../../src/client/index.ts';
import type { EntraConnection } from '../../../src/config/index.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { json, scriptedHub, testConnection } from '../scripted-hub.ts';

const connection: EntraConnection = {
  name: 'plant',
  kind: 'cloud',
  auth: 'entra',
  hostName: 'plant.azure-devices.net',
  credential: 'cli',
  source: 'profile',
};

const hour = 3_600_000;

/** Gives token-1, token-2, … of an hour, and counts what it is asked. */
function countingCredential(clock: ReturnType<typeof fakeClock>) {
  const asked: (string | string[])[] = [];
  const factory: CredentialFactory = () => ({
    async getToken(scopes) {
      asked.push(scopes);
      return { token: `token-${asked.length}`, expiresOnTimestamp: clock.now() + hour };
    },
  });
  return { asked, factory };
}

describe('tokens of Entra ID', () => {
  test('when many ask at once, then one sign-in serves all, for the scope of IoT Hub', async () => {
    const clock = fakeClock();
    const { asked, factory } = countingCredential(clock);
    const authorizer = createEntraAuthorizer(connection, { clock }, factory);
    const given = await Promise.all([1, 2, 3].map(async () => authorizer.authorize()));
    expect(given.map(({ value }) => value)).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-1']);
    expect(asked).toEqual(['https://iothubs.azure.net/.default']);
    expect(authorizer.audience).toBe('https://iothubs.azure.net/.default');
  });

  test('when a token is about to expire, then a new one is asked for', async () => {
    const clock = fakeClock();
    const { asked, factory } = countingCredential(clock);
    const authorizer = createEntraAuthorizer(connection, { clock }, factory);
    await authorizer.authorize();
    await clock.advance(hour - 301_000);
    expect((await authorizer.authorize()).value).toBe('Bearer token-1');
    await clock.advance(2_000);
    expect((await authorizer.authorize()).value).toBe('Bearer token-2');
    expect(asked).toHaveLength(2);
  });

  test('when a sign-in fails, then the next one tries again', async () => {
    const clock = fakeClock();
    let tries = 0;
    const authorizer = createEntraAuthorizer(connection, { clock }, () => ({
      async getToken() {
        if (++tries === 1) throw new Error('Please run az login');
        return { token: 'late', expiresOnTimestamp: clock.now() + hour };
      },
    }));
    await expect(authorizer.authorize()).rejects.toMatchObject({ code: 'not-authorised', hint: 'az login' });
    expect((await authorizer.authorize()).value).toBe('Bearer late');
  });

  test('when one who waits gives up, then the others get their token', async () => {
    const clock = fakeClock();
    const answer = Promise.withResolvers<{ token: string; expiresOnTimestamp: number }>();
    const authorizer = createEntraAuthorizer(connection, { clock }, () => ({ getToken: () => answer.promise }));
    const stop = new AbortController();
    const impatient = authorizer.authorize(stop.signal);
    const patient = authorizer.authorize();
    stop.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    answer.resolve({ token: 'slow', expiresOnTimestamp: clock.now() + hour });
    expect((await patient).value).toBe('Bearer slow');
  });
});

test('when the key of a policy opens the hub, then the package of Entra ID is not needed for a token', () => {
  const authorizer = createAuthorizer(testConnection, { clock: fakeClock() });
  expect(authorizer.authorize()).toMatchObject({
    value: expect.stringMatching(/^SharedAccessSignature sr=test-hub&/) as string,
  });
  expect(authorizer.audience).toBe('test-hub');
});

describe('the packages of Entra ID themselves', () => {
  const env = { HTTPS_PROXY: 'http://127.0.0.1:9' };
  const deviceOf = async (
    credential: EntraConnection['credential'],
    more: Partial<EntraConnection> = {},
  ): Promise<unknown> => {
    await using hub = await scriptedHub(json(200, { deviceId: 'pump-1' }));
    const { serviceUrl = '' } = hub.connection;
    const service = connectHub(
      { ...connection, kind: 'local', serviceUrl, credential, ...more },
      { clock: fakeClock(), random: () => 0, env },
    );
    const result = await service.devices.get('pump-1').catch((error: unknown) => error);
    await service.close();
    expect(hub.requests).toEqual([]);
    return result;
  };

  test('when the environment holds nothing to sign in with, then the variables are named', async () => {
    expect(await deviceOf('environment')).toMatchObject({
      code: 'not-authorised',
      hint: 'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH)',
      exitCode: 4,
    });
  });

  test('when the Azure CLI is not there, then that is said with the tenant to sign in to', async () => {
    expect(await deviceOf('cli', { tenantId: '00000000-0000-0000-0000-000000000001' })).toMatchObject({
      code: 'not-authorised',
      message: expect.stringContaining('Azure CLI could not be found') as string,
      hint: 'install the Azure CLI, then az login --tenant 00000000-0000-0000-0000-000000000001',
    });
  });

  test('when the workload has no identity, then its variables are named', async () => {
    expect(await deviceOf('workload-identity')).toMatchObject({
      code: 'not-authorised',
      hint: 'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE',
    });
  });

  test('when none of the default ways leads to a token, then all are named and nobody is asked to sign in', async () => {
    expect(await deviceOf('default')).toMatchObject({
      code: 'not-authorised',
      hint: 'az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
    });
  });

  test('when a sign-in with a code has nobody to show it to, then that is the failure', async () => {
    expect(await deviceOf('device-code')).toMatchObject({ code: 'input-required' });
  });
});
