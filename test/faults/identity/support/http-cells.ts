import type { Attempt } from './attempt.ts';
import type { LiveHub, RequestOptions } from './live-hub.ts';
import type { Spelling } from './spellings.ts';

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: (id: string) => string;
  readonly body?: unknown;
  /** The device itself may do this. */
  readonly ownRight: boolean;
}

const operations: readonly Operation[] = [
  {
    name: 'send telemetry',
    method: 'POST',
    path: (id) => `/devices/${id}/messages/events`,
    body: 'forged',
    ownRight: true,
  },
  { name: 'take a message', method: 'GET', path: (id) => `/devices/${id}/messages/deviceBound`, ownRight: true },
  {
    name: 'ask for an upload',
    method: 'POST',
    path: (id) => `/devices/${id}/files`,
    body: { blobName: 'x' },
    ownRight: true,
  },
  {
    name: 'complete a message',
    method: 'DELETE',
    path: (id) => `/devices/${id}/messages/deviceBound/${lock}`,
    ownRight: false,
  },
  {
    name: 'abandon a message',
    method: 'POST',
    path: (id) => `/devices/${id}/messages/deviceBound/${lock}/abandon`,
    ownRight: false,
  },
  {
    name: 'end an upload',
    method: 'POST',
    path: (id) => `/devices/${id}/files/notifications`,
    body: { correlationId: 'x' },
    ownRight: false,
  },
  {
    name: 'send as a module',
    method: 'POST',
    path: (id) => `/devices/${id}/modules/m1/messages/events`,
    body: 'forged',
    ownRight: false,
  },
  { name: 'read an identity', method: 'GET', path: (id) => `/devices/${id}`, ownRight: false },
  {
    name: 'write an identity',
    method: 'PUT',
    path: (id) => `/devices/${id}`,
    body: { deviceId: 'dev2' },
    ownRight: false,
  },
  { name: 'delete an identity', method: 'DELETE', path: (id) => `/devices/${id}`, ownRight: false },
  { name: 'read a twin', method: 'GET', path: (id) => `/twins/${id}`, ownRight: false },
  {
    name: 'patch a twin',
    method: 'PATCH',
    path: (id) => `/twins/${id}`,
    body: { tags: { forged: 1 } },
    ownRight: false,
  },
  {
    name: 'call a method',
    method: 'POST',
    path: (id) => `/twins/${id}/methods`,
    body: { methodName: 'x' },
    ownRight: false,
  },
];

const lock = '00000000-0000-4000-8000-000000000000';

/** Every operation with the attacker's own good token, on each identity as it is encoded properly, and as it stands. */
export function httpCells(hub: LiveHub, spellings: readonly Spelling[]): readonly Attempt[] {
  const token = hub.token('dev1');
  const cell = (operation: Operation, name: string, id: string, own: boolean): Attempt => ({
    name: `HTTP ${operation.name}: ${name}`,
    own: own && operation.ownRight,
    run: () => answers(hub, operation, id, { token, body: operation.body }),
  });
  return operations.flatMap((operation) => [
    cell(operation, 'own', 'dev1', true),
    ...spellings.map(({ name, deviceId }) => cell(operation, `${name}, encoded`, encodeURIComponent(deviceId), false)),
    ...spellings
      .filter(({ deviceId }) => /^[\w%.$+#/-]*$/.test(deviceId) && encodeURIComponent(deviceId) !== deviceId)
      // In an address, `dev%31` is `dev1`: the attacker itself.
      .map(({ name, deviceId }) => cell(operation, `${name}, raw`, deviceId, decodeURIComponent(deviceId) === 'dev1')),
    // A token of the attacker's key that says it is for the other.
    ...spellings.slice(0, 4).map(({ name, deviceId }) => ({
      ...cell(operation, `${name}, token for it`, encodeURIComponent(deviceId), false),
      run: () =>
        answers(hub, operation, encodeURIComponent(deviceId), {
          token: signedForOther(hub, deviceId),
          body: operation.body,
        }),
    })),
  ]);
}

function signedForOther(hub: LiveHub, deviceId: string): string {
  return hub.token('dev1', { resource: `localhost/devices/${deviceId}` });
}

async function answers(
  hub: LiveHub,
  operation: Operation,
  id: string,
  options: RequestOptions,
): Promise<'passed' | 'refused'> {
  const { status } = await hub.request(operation.method, operation.path(id), options);
  if (status >= 200 && status < 300) return 'passed';
  if (status >= 400 && status < 500) return 'refused';
  throw new Error(`status ${status}`);
}
