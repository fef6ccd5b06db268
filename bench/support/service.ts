import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePolicyConnectionString } from '../../src/protocol/connection-string.ts';
import { createSasToken } from '../../src/protocol/sas-token.ts';
import type { Workspace } from './workspace.ts';

/** A request to a hub's service API as its owner. */
export type Ask = (
  method: string,
  path: string,
  options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
) => Promise<{ readonly ms: number; readonly body: unknown; readonly continuation: string | null }>;

/** Over plain HTTP, on connections that stay open. Throws when the hub refuses. */
export async function openService(workspace: Workspace): Promise<Ask> {
  const ready = JSON.parse(await readFile(join(workspace.directory, 'ready.json'), 'utf8')) as {
    connectionString: string;
    ports: { http: number };
  };
  const { hostName, sharedAccessKey, sharedAccessKeyName } = parsePolicyConnectionString(ready.connectionString);
  const authorization = createSasToken({
    resource: hostName,
    key: sharedAccessKey,
    keyName: sharedAccessKeyName,
    expiresAt: Math.floor(Date.now() / 1_000) + 7_200,
  });
  return async (method, path, { body, headers } = {}) => {
    const begin = performance.now();
    const response = await fetch(
      `http://127.0.0.1:${ready.ports.http}${path}${path.includes('?') ? '&' : '?'}api-version=2021-04-12`,
      {
        method,
        headers: { authorization, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
    );
    const answer = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${path} was answered with ${response.status}: ${answer.slice(0, 500)}`);
    return {
      ms: performance.now() - begin,
      body: answer === '' ? undefined : (JSON.parse(answer) as unknown),
      continuation: response.headers.get('x-ms-continuation'),
    };
  };
}
