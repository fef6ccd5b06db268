import { describe, expect, test } from 'vitest';
import { createIdentityReader } from '../../src/client/identities.ts';
import type { ServiceClient, ServiceRequest } from '../../src/client/http/service-client.ts';
import type { DeviceRegistry, ModuleRegistry } from '../../src/client/service-api.ts';
import { Failure } from '../../src/errors/index.ts';
import type { IdentityReadRequest } from '../../src/protocol/identity-read.ts';

const there = (path: string): boolean => !path.startsWith('gone');

/** A hub that answers in lots, or does not serve that; `asked` counts what it was asked. */
function readerOf(serves: boolean) {
  const asked = { lots: [] as number[], single: [] as string[] };
  const client = {
    request({ body }: ServiceRequest) {
      const { identities } = body as IdentityReadRequest;
      asked.lots.push(identities.length);
      if (!serves) return Promise.reject(new Failure('unsupported', 'the hub does not serve it'));
      const found = identities.filter(there).map(identityOf);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify({ identities: found }) });
    },
  } as unknown as ServiceClient;
  const get = (path: string): Promise<unknown> => {
    asked.single.push(path);
    if (there(path)) return Promise.resolve(identityOf(path));
    return Promise.reject(new Failure(path.includes('/') ? 'not-found' : 'device-not-found', `no ${path}`));
  };
  const registries = { devices: { get } as unknown as DeviceRegistry, modules: { get } as unknown as ModuleRegistry };
  return { reader: createIdentityReader(client, registries), asked };
}

function identityOf(path: string): { deviceId: string; moduleId?: string } {
  const [deviceId = '', moduleId] = path.split('/');
  return { deviceId, ...(moduleId !== undefined && { moduleId }) };
}

const paths = ['a', 'a/camera', 'gone', 'gone/camera', 'b'];

describe('many identities', () => {
  test('when the hub reads many at once, it is asked in lots', async () => {
    const { reader, asked } = readerOf(true);
    expect([...(await reader.readMany(paths)).keys()]).toEqual(['a', 'a/camera', 'b']);
    await reader.readMany(Array.from({ length: 2_500 }, (_, index) => `d-${index}`));
    expect(asked).toEqual({ lots: [5, 1_000, 1_000, 500], single: [] });
  });

  test('when the hub does not, each is asked for, and lots are tried no more', async () => {
    const { reader, asked } = readerOf(false);
    expect([...(await reader.readMany(paths)).keys()]).toEqual(['a', 'a/camera', 'b']);
    await reader.readMany(['c']);
    expect(asked).toEqual({ lots: [5], single: [...paths, 'c'] });
  });

  test('when none is wanted, nobody is asked', async () => {
    const { reader, asked } = readerOf(true);
    expect((await reader.readMany([])).size).toBe(0);
    expect(asked.lots).toEqual([]);
  });
});
