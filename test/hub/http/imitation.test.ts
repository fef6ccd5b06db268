import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCore, type RunningCore } from '../../../src/hub/core/core.ts';
import { createHttpFront, type HttpFront } from '../../../src/hub/http/index.ts';
import { silentLog } from '../../../src/hub/log.ts';
import { openCore, type CoreFixture } from '../../support/core-fixture.ts';

let fixture: CoreFixture;
let core: RunningCore;
let front: HttpFront;

beforeEach(async () => {
  fixture = await openCore();
  const { store, clock, telemetry } = fixture;
  core = createCore({
    store,
    telemetry,
    gatekeeper: fixture.core.gatekeeper,
    clock,
    onError: (error) => fixture.errors.push(error),
    imitation: { tier: 'S1' },
  });
  front = await createHttpFront({ core, clock, log: silentLog, version: 'test' });
});

afterEach(async () => {
  await front.close();
  await core.close();
  await fixture.close();
});

function call(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) {
  return front.app.inject({
    method,
    url: `${path}?api-version=2021-04-12`,
    headers: { authorization: fixture.serviceToken() },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
}

function runQuery() {
  return call('POST', '/devices/query', { query: 'SELECT * FROM devices' });
}

describe('a hub that imitates the cloud', () => {
  it.each(['/iotctl/status', '/iotctl/faults', '/iotctl/records', '/iotctl/records/a/b', '/IOTCTL/status'])(
    'has nothing at %s',
    async (path) => {
      const answer = await call('GET', path);
      expect(answer.statusCode).toBe(404);
      expect(answer.headers['iothub-errorcode']).toBe('NotFound');
    },
  );

  it('delays the 21st query and refuses the 23rd with the time to wait', async () => {
    for (let count = 0; count < 20; count++) expect((await runQuery()).statusCode).toBe(200);
    const timers = fixture.clock.pending;
    let done = false;
    const late = runQuery().then((answer) => {
      done = true;
      return answer;
    });
    await expect.poll(() => fixture.clock.pending).toBe(timers + 1);
    await fixture.clock.advance(2_000);
    expect(done).toBe(false);
    const refused = await runQuery();
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json()).toMatchObject({ Message: expect.stringMatching(/^ErrorCode:ThrottlingBacklogTimeout;/) });
    await fixture.clock.advance(1_000);
    expect((await late).statusCode).toBe(200);
  });

  it('counts each device of a bulk', async () => {
    const bulk = Array.from({ length: 100 }, (_, index) => ({ id: `d-${index}`, importMode: 'create' }));
    expect((await call('POST', '/devices', bulk)).statusCode).toBe(200);
    const slow = call('GET', '/devices/d-1');
    await fixture.clock.advance(600);
    expect((await slow).statusCode).toBe(200);
    expect((await call('POST', '/devices', bulk)).statusCode).toBe(429);
  });

  it('lets other operations through meanwhile', async () => {
    for (let count = 0; count < 20; count++) await runQuery();
    expect((await call('GET', '/twins/nobody')).statusCode).toBe(404);
    expect((await call('PUT', '/devices/pump-1', { deviceId: 'pump-1' })).statusCode).toBe(200);
  });
});
