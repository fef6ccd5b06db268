import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditedRoutes } from '../../../src/hub/http/audit.ts';
import type { AuditEntry } from '../../../src/protocol/audit.ts';
import { openHttp, type HttpFixture } from '../../support/http-fixture.ts';

let fixture: HttpFixture;
beforeAll(async () => {
  fixture = await openHttp();
});
afterAll(() => fixture.close());

/** Routes by which a back-end caller changes nothing that is kept, though the method is not GET. */
const unaudited = [
  'POST /devices/query',
  'POST /configurations/testQueries',
  'POST /registrations/:id/query',
  'POST /enrollments/query',
  'POST /enrollmentGroups/query',
  'DELETE /messages/serviceBound/feedback/:lock',
  'POST /messages/serviceBound/feedback/:lock/abandon',
  'DELETE /messages/serviceBound/filenotifications/:lock',
  'POST /messages/serviceBound/filenotifications/:lock/abandon',
];

// The router prints fixed words in small letters, names as they are.
const small = (route: string): string => route.toLowerCase().replace(/\/\*$/, '*').replace('records*', 'records/*');
const isOfDevices = (route: string): boolean =>
  /messages\/(?:events|deviceBound)|\/files(?:\/|$)|\/register$|\/:idScope\/|registrations\/:id$/i.test(route);

async function entries(event: string): Promise<readonly AuditEntry[]> {
  const { body } = await fixture.call('GET', '/iotctl/audit');
  return (body as { entries: AuditEntry[] }).entries.filter((entry) => entry.event === event);
}

describe('the audit over HTTP', () => {
  test('has every route by which a back-end caller changes something, and none that is not there', async () => {
    const tree = fixture.front.app.printRoutes({ commonPrefix: false, includeMeta: false });
    const routes = new Set<string>();
    const path: string[] = [];
    for (const line of tree.split('\n')) {
      const match = /^((?:[│ ] {3})*)(?:[├└]── )(.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line);
      if (match === null) continue;
      const depth = (match[1] ?? '').length / 4;
      path.length = depth;
      path.push(match[2] ?? '');
      for (const method of (match[3] ?? '').split(', ')) if (method !== '') routes.add(`${method} ${path.join('')}`);
    }
    expect(routes.size).toBeGreaterThan(50);
    const audited = new Set(Object.keys(auditedRoutes).map(small));
    for (const route of audited) expect([...routes].map(small), route).toContain(route);
    const changing = [...routes].filter((route) => /^(?:PUT|POST|PATCH|DELETE) /.test(route));
    const missing = changing.filter(
      (route) => !audited.has(small(route)) && !unaudited.map(small).includes(small(route)) && !isOfDevices(route),
    );
    expect(missing).toEqual([]);
  });

  test('tells refused credentials with what was said, and refused writes with who asked', async () => {
    await fixture.call('GET', '/devices', {
      policy: null,
      headers: { authorization: fixture.serviceToken('iothubowner').replace('sig=', 'sig=x') },
    });
    await fixture.call('DELETE', '/devices/nobody');
    expect((await entries('access.refused'))[0]).toMatchObject({
      source: 'unproved',
      category: 'access',
      type: 'refusal',
      result: 'refused',
      targets: ['policy iothubowner /devices'],
    });
    expect(await entries('identity.delete')).toMatchObject([
      { source: 'policy iothubowner', result: 'refused', targets: ['nobody'], details: { status: 412 } },
    ]);
  });

  test('is for those who may read the registry, and nobody may write it', async () => {
    expect((await fixture.call('GET', '/iotctl/audit', { policy: 'service' })).status).toBe(401);
    expect((await fixture.call('GET', '/iotctl/audit', { policy: 'registryRead' })).status).toBe(200);
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'] as const)
      expect((await fixture.call(method, '/iotctl/audit', { body: {} })).status).toBe(404);
  });
});
