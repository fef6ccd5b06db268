/** A profile of Entra ID against a directory of our own: what is asked for there, and what the hub is shown then. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTerminal } from '../harness/terminal.ts';
import { openCloudBox, type CloudBox } from './cloud-box.ts';

const tenant = '00000000-0000-0000-0000-00000000000a';
const client = '00000000-0000-0000-0000-00000000000b';

describe('a profile of Entra ID', { timeout: 60_000 }, () => {
  let box: CloudBox;
  let directory: Server;
  let env: Readonly<Record<string, string>>;
  const forms: URLSearchParams[] = [];
  beforeAll(async () => {
    box = await openCloudBox('tier=S3', ['--tier', 'S3']);
    directory = await startDirectory(box, forms);
    env = {
      AZURE_AUTHORITY_HOST: `https://localhost:${(directory.address() as AddressInfo).port}`,
      AZURE_TENANT_ID: tenant,
      AZURE_CLIENT_ID: client,
      AZURE_CLIENT_SECRET: 'a secret of the application',
      NODE_EXTRA_CA_CERTS: box.info.caFile,
    };
    const words = ['--hub', 'localhost', '--entra', '--credential', 'environment', '--service-url', box.serviceUrl];
    const added = await box.run(['profile', 'add', 'entra', '--use', '--tier', 'S3', ...words]);
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining('by Entra ID (environment)') as string });
    await box.run(['provision', 'pump-1', '--profile', 'cloud']);
  }, 60_000);
  afterAll(async () => {
    directory.closeAllConnections();
    directory.close();
    await box.close();
  });

  test('when the identity has no role, then that is said, and the hub was shown its token', async () => {
    const { code, stderr } = await box.run(['device', 'show', 'pump-1'], { env });
    expect({ code, hint: stderr.includes('IoT Hub Data Contributor') }).toEqual({ code: 4, hint: true });
    expect(box.seen.at(-1)?.authorization).toBe('Bearer a-token-of-the-directory');
    expect(Object.fromEntries(forms.at(-1) ?? [])).toMatchObject({
      client_id: client,
      grant_type: 'client_credentials',
      scope: expect.stringContaining('https://iothubs.azure.net/.default') as string,
    });
    expect(stderr).not.toMatch(/a secret|a-token/);
  });

  test('when it has one, then commands are as with a key', async () => {
    box.trust('Bearer a-token-of-the-directory');
    const before = forms.length;
    const { code, stdout } = await box.run(['device', 'list', '-o', 'name'], { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'pump-1\n' });
    expect((await box.run(['twin', 'set', 'pump-1', 'interval=5'], { env })).code).toBe(0);
    expect(forms.length).toBe(before + 2);
    expect(box.seen.filter(({ path }) => path.startsWith('/iotctl'))).toEqual([]);
  });

  test('when the sign-in is by a code, then the terminal shows it, and the result is on stdout alone', async () => {
    const words = ['--hub', 'localhost', '--entra', '--credential', 'device-code', '--tenant', tenant];
    expect((await box.run(['profile', 'add', 'coded', ...words, '--service-url', box.serviceUrl])).code).toBe(0);
    const { AZURE_AUTHORITY_HOST = '', NODE_EXTRA_CA_CERTS = '' } = env;
    const terminal = openTerminal(box.sandbox, ['device', 'list', '-o', 'name', '--profile', 'coded'], {
      env: { AZURE_AUTHORITY_HOST, NODE_EXTRA_CA_CERTS },
    });
    await terminal.shows('enter the code ABC-123');
    await terminal.shows('pump-1');
    expect(await terminal.finished).toBe(0);
    const doctor = openTerminal(box.sandbox, ['doctor', '--profile', 'coded'], {
      env: { AZURE_AUTHORITY_HOST, NODE_EXTRA_CA_CERTS },
    });
    await doctor.shows('enter the code ABC-123');
    await doctor.shows('whoever is signed in may');
    expect(await doctor.finished).toBe(0);
    const piped = await box.run(['device', 'list', '--profile', 'coded'], { env });
    expect({ code: piped.code, stdout: piped.stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('when the sign-in is that of a workload, then its token is the proof', async () => {
    const words = [
      '--hub',
      'localhost',
      '--entra',
      '--credential',
      'workload-identity',
      '--service-url',
      box.serviceUrl,
    ];
    await box.run(['profile', 'add', 'workload', ...words]);
    const file = join(box.sandbox.directory, 'token');
    await writeFile(file, 'a token of the cluster');
    const { AZURE_CLIENT_SECRET: _, ...rest } = env;
    const workload = { ...rest, AZURE_FEDERATED_TOKEN_FILE: file };
    const { code, stdout } = await box.run(['device', 'list', '-o', 'name', '--profile', 'workload'], {
      env: workload,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'pump-1\n' });
  });

  test('when nothing is chosen and only the Azure CLI is signed in, then as that', async () => {
    await box.run(['profile', 'add', 'any', '--hub', 'localhost', '--entra', '--service-url', box.serviceUrl]);
    const bin = join(box.sandbox.directory, 'bin');
    await mkdir(bin);
    const answer = { accessToken: 'a-token-of-the-directory', expires_on: 4_102_444_800 };
    await writeFile(join(bin, 'az'), `#!/bin/sh\necho "$@" > ${bin}/asked\necho '${JSON.stringify(answer)}'\n`, {
      mode: 0o755,
    });
    const path = `${bin}:${box.sandbox.env['PATH'] ?? ''}`;
    const { code, stdout } = await box.run(['device', 'list', '-o', 'name', '--profile', 'any'], {
      env: { PATH: path },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'pump-1\n' });
    expect(await readFile(join(bin, 'asked'), 'utf8')).toContain('--resource https://iothubs.azure.net');
  });

  test('when the secret is wrong, then the hint is about it and the hub is asked nothing', async () => {
    const before = box.seen.length;
    const { code, stderr } = await box.run(['device', 'list'], { env: { ...env, AZURE_CLIENT_SECRET: 'wrong' } });
    expect(code).toBe(4);
    expect(stderr).toContain('AADSTS7000215');
    expect(stderr).toContain('set AZURE_CLIENT_SECRET to its value');
    expect(box.seen.length).toBe(before);
  });

  test('when the directory cannot be reached, then exit 9', async () => {
    const { code, stderr } = await box.run(['device', 'list'], {
      env: { ...env, AZURE_AUTHORITY_HOST: 'https://localhost:9' },
    });
    expect({ code, said: stderr.includes('Entra ID cannot be reached') }).toEqual({ code: 9, said: true });
  });

  test('when nothing is set, then the variables to set are named', async () => {
    const { code, stderr } = await box.run(['device', 'list']);
    expect({ code, hint: stderr.includes('set AZURE_TENANT_ID, AZURE_CLIENT_ID and') }).toEqual({
      code: 4,
      hint: true,
    });
  });

  test('when telemetry is wanted without the connection string of its endpoint, then that is said', async () => {
    const { code, stderr } = await box.run(['tail', 'telemetry', '--count', '1', '--timeout', '5s'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('--event-hub-connection-string-file');
  });
});

/** What the directory takes for a proof. */
const proofs = [
  ['client_secret', 'a secret of the application'],
  ['client_assertion', 'a token of the cluster'],
  ['device_code', 'd'],
] as const;

/** The part of Microsoft's directory that gives tokens to applications, at the hub's own name and certificate. */
async function startDirectory({ info }: CloudBox, forms: URLSearchParams[]): Promise<Server> {
  const read = (name: string): Promise<string> => readFile(join(info.dataDir, 'tls', name), 'utf8');
  const server = createServer(
    { key: await read('server.key'), cert: await read('server.pem') },
    (request, response) => {
      const origin = `https://${request.headers.host ?? ''}/${tenant}`;
      const answer = (status: number, value: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
      };
      if (request.method === 'GET') {
        answer(200, {
          issuer: `${origin}/v2.0`,
          jwks_uri: `${origin}/discovery/v2.0/keys`,
          authorization_endpoint: `${origin}/oauth2/v2.0/authorize`,
          token_endpoint: `${origin}/oauth2/v2.0/token`,
          device_authorization_endpoint: `${origin}/oauth2/v2.0/devicecode`,
        });
        return;
      }
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const form = new URLSearchParams(body);
        forms.push(form);
        if (request.url?.includes('/devicecode') === true) {
          const message = 'To sign in, enter the code ABC-123 at the page of the directory.';
          answer(200, {
            device_code: 'd',
            user_code: 'ABC-123',
            verification_uri: origin,
            expires_in: 900,
            interval: 1,
            message,
          });
        } else if (proofs.some(([name, value]) => form.get(name) === value)) {
          answer(200, { token_type: 'Bearer', expires_in: 3_599, access_token: 'a-token-of-the-directory' });
        } else {
          const error_description = 'AADSTS7000215: Invalid client secret provided. Trace ID: x';
          answer(401, { error: 'invalid_client', error_description, error_codes: [7_000_215] });
        }
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
