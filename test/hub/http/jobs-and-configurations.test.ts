import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHttp, type HttpFixture, type Method } from '../../support/http-fixture.ts';

let http: HttpFixture;
beforeEach(async () => {
  http = await openHttp();
});
afterEach(() => http.close());

const later = () => new Date(http.clock.now() + 3_600_000).toISOString();
const job = () => ({
  type: 'ScheduleUpdateTwin',
  updateTwin: { tags: { a: 1 } },
  queryCondition: '*',
  startTime: later(),
});

describe('/jobs/v2', () => {
  it('makes, shows and cancels jobs with the documented statuses', async () => {
    const made = await http.call('PUT', '/jobs/v2/j-1', { body: job() });
    expect(made).toMatchObject({ status: 200, body: { jobId: 'j-1', type: 'scheduleUpdateTwin', status: 'queued' } });
    expect(await http.call('GET', '/jobs/v2/j-1')).toMatchObject({ status: 200, body: { status: 'scheduled' } });
    expect(await http.call('GET', '/jobs/v2/nobody')).toMatchObject({
      status: 200,
      body: { type: 'unknown', status: 'unknown' },
    });
    expect(await http.call('PUT', '/jobs/v2/j-1', { body: job() })).toMatchObject({
      status: 409,
      headers: { 'iothub-errorcode': 'JobAlreadyExists' },
    });
    expect(await http.call('POST', '/jobs/v2/j-1/cancel')).toMatchObject({
      status: 200,
      body: { status: 'cancelled' },
    });
    expect(await http.call('POST', '/jobs/v2/j-1/cancel')).toMatchObject({
      status: 405,
      headers: { 'iothub-errorcode': 'OperationNotAllowedInCurrentState' },
    });
    expect(await http.call('POST', '/jobs/v2/nobody/cancel')).toMatchObject({
      status: 404,
      headers: { 'iothub-errorcode': 'JobNotFound' },
    });
  });

  it('lists in pages, told by headers or by parameters', async () => {
    for (const id of ['a', 'b', 'c']) await http.call('PUT', `/jobs/v2/${id}`, { body: job() });
    const first = await http.call('GET', '/jobs/v2/query', { headers: { 'x-ms-max-item-count': '2' } });
    expect(first.body.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['a', 'b']);
    const token = String(first.headers['x-ms-continuation']);
    const second = await http.call('GET', `/jobs/v2/query?pageSize=2&continuationToken=${token}`);
    expect(second.body).toMatchObject([{ jobId: 'c' }]);
    expect(second.headers).not.toHaveProperty('x-ms-continuation');
    expect((await http.call('GET', '/jobs/v2/query?jobStatus=finished')).body).toEqual([]);
    expect((await http.call('GET', '/jobs/v2/query?jobType=scheduleDeviceMethod')).body).toEqual([]);
    expect((await http.call('GET', '/jobs/v2/query?jobStatus=lost')).status).toBe(400);
  });

  it('tells rows of devices.jobs as such', async () => {
    const query = 'SELECT * FROM devices.jobs';
    const answer = await http.call('POST', '/devices/query', { body: { query } });
    expect(answer).toMatchObject({ status: 200, body: [], headers: { 'x-ms-item-type': 'DeviceJob' } });
  });
});

describe('/configurations', () => {
  const body = { content: { deviceContent: { 'properties.desired.a': 1 } }, targetCondition: '*' };

  it('tells made from changed, and quotes the etag in the header alone', async () => {
    const made = await http.call('PUT', '/configurations/c-1', { body });
    expect(made).toMatchObject({ status: 201, headers: { etag: '"MQ=="' }, body: { etag: 'MQ==' } });
    const changed = await http.call('PUT', '/configurations/c-1', { body, headers: { 'if-match': '"MQ=="' } });
    expect(changed).toMatchObject({ status: 200, headers: { etag: '"Mg=="' } });
    expect((await http.call('GET', '/configurations?top=5')).body).toMatchObject([{ id: 'c-1' }]);
    expect((await http.call('DELETE', '/configurations/c-1')).status).toBe(204);
    expect(await http.call('GET', '/configurations/c-1')).toMatchObject({
      status: 404,
      headers: { 'iothub-errorcode': 'ConfigurationNotFound' },
    });
  });

  it('tests queries and does not take their address for an id', async () => {
    const answer = await http.call('POST', '/configurations/testQueries', { body: { targetCondition: 'tags.a = 1' } });
    expect(answer).toMatchObject({ status: 200, body: { targetConditionError: null, customMetricQueryErrors: {} } });
  });

  it.each<[object, number, string]>([
    [
      { ...body, content: { deviceContent: { 'properties.desired.a': 2 } } },
      400,
      'CannotModifyImmutableConfigurationContent',
    ],
    [{ ...body, targetCondition: 'a b' }, 400, 'InvalidConfigurationTargetCondition'],
    [{ ...body, metrics: { queries: { m: 'x' } } }, 400, 'InvalidConfigurationCustomMetricsQuery'],
  ])('refuses an update with %j', async (change, status, symbol) => {
    await http.call('PUT', '/configurations/c-1', { body });
    const answer = await http.call('PUT', '/configurations/c-1', { body: change, headers: { 'if-match': '*' } });
    expect(answer).toMatchObject({ status, headers: { 'iothub-errorcode': symbol } });
  });
});

describe('rights', () => {
  it.each<[Method, string, string, boolean]>([
    ['GET', '/jobs/v2/query', 'service', true],
    ['GET', '/jobs/v2/query', 'registryRead', true],
    ['PUT', '/jobs/v2/j', 'registryRead', false],
    ['PUT', '/jobs/v2/j', 'device', false],
    ['GET', '/configurations', 'registryRead', true],
    ['PUT', '/configurations/c', 'registryRead', false],
    ['GET', '/digitaltwins/d', 'service', true],
    ['GET', '/digitaltwins/d', 'registryReadWrite', false],
    ['GET', '/iotctl/faults', 'registryReadWrite', true],
    ['GET', '/iotctl/faults', 'service', false],
    ['POST', '/iotctl/faults', 'device', false],
  ])('%s %s with %s', async (method, path, policy, allowed) => {
    const { status } = await http.call(method, path, { policy });
    if (allowed) expect(status).not.toBe(401);
    else expect(status).toBe(401);
  });
});
