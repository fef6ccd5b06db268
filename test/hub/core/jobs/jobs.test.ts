import { afterEach, describe, expect, it } from 'vitest';
import { createCore } from '../../../../src/hub/core/core.ts';
import type { Job } from '../../../../src/protocol/job.ts';
import { fakeSession, openCore, senderOf, type CoreFixture, type FakeSession } from '../../../support/core-fixture.ts';
import { realClock } from '../../../support/real-clock.ts';

let fixture: CoreFixture;
afterEach(() => fixture.close());

async function openWith(...deviceIds: string[]): Promise<CoreFixture> {
  fixture = await openCore();
  for (const deviceId of deviceIds) await fixture.core.registry.put(deviceId, { deviceId }, undefined);
  return fixture;
}

const setInterval5 = {
  type: 'scheduleUpdateTwin',
  updateTwin: { etag: '*', tags: { site: 'north' }, properties: { desired: { interval: 5 } } },
  queryCondition: '*',
  startTime: null,
  maxExecutionTimeInSeconds: 60,
};

const reboot = {
  type: 'scheduleDeviceMethod',
  cloudToDeviceMethod: { methodName: 'reboot', payload: null, responseTimeoutInSeconds: 10 },
  queryCondition: '*',
  maxExecutionTimeInSeconds: 60,
};

/** Fires what is due and waits until the job has the status; the store answers in its own time. */
async function untilJob(jobId: string, status: string): Promise<Job> {
  const deadline = realClock.monotonic() + 5_000;
  for (;;) {
    // What is due happens, but no time passes: the store answers in a time of its own, and the job has only so much.
    await fixture.clock.advance(0);
    const job = await fixture.core.jobs.get(jobId);
    if (job.status === status) return job as Job;
    if (realClock.monotonic() > deadline) throw new Error(`the job is ${job.status}, not ${status}`);
  }
}

async function rowsOf(condition: string): Promise<unknown[]> {
  const query = `SELECT * FROM devices.jobs WHERE ${condition}`;
  return (await fixture.core.queries.run(query, { limit: 100 })).rows;
}

describe('a job', () => {
  it('changes the twin of every device its condition holds for', async () => {
    const { core } = await openWith('pump-1', 'pump-2', 'truck-1');
    const created = await core.jobs.create('job-1', {
      ...setInterval5,
      queryCondition: "STARTSWITH(deviceId, 'pump-')",
    });
    expect(created).toMatchObject({ jobId: 'job-1', status: 'queued', type: 'scheduleUpdateTwin' });

    const job = await untilJob('job-1', 'completed');
    expect(job.deviceJobStatistics).toEqual({
      deviceCount: 2,
      failedCount: 0,
      succeededCount: 2,
      runningCount: 0,
      pendingCount: 0,
    });
    expect((await core.twins.get('pump-2')).properties.desired).toMatchObject({ interval: 5 });
    expect((await core.twins.get('truck-1')).tags).toEqual({});
  });

  it('calls a method, completes although a device is away, and says so in that device’s row', async () => {
    const { core } = await openWith('away', 'here');
    const session = fakeSession(await senderOf(fixture, 'here'), {
      methodReady: true,
      onMethod: (requestId) => core.commands.answer('here', requestId, 202, '{"ok":true}'),
    });
    core.sessions.attach(session);
    await core.jobs.create('job-2', reboot);

    const job = await untilJob('job-2', 'completed');
    expect(job.deviceJobStatistics).toMatchObject({ deviceCount: 2, failedCount: 1, succeededCount: 1 });
    expect(await rowsOf("jobId = 'job-2' AND status = 'completed'")).toMatchObject([
      {
        deviceId: 'here',
        jobType: 'scheduleDeviceMethod',
        outcome: { deviceMethodResponse: { status: 202, payload: { ok: true } } },
      },
    ]);
    expect(await rowsOf("devices.jobs.jobId = 'job-2' AND devices.jobs.status = 'failed'")).toMatchObject([
      { deviceId: 'away', error: { code: 'DeviceNotOnline' } },
    ]);
  });

  it('reaches modules when its condition is over modules', async () => {
    const { core } = await openWith('edge-1');
    await core.registry.modules.put('edge-1/camera', { deviceId: 'edge-1', moduleId: 'camera' }, undefined);
    await core.jobs.create('job-m', {
      ...setInterval5,
      queryCondition: "FROM devices.modules WHERE moduleId = 'camera'",
    });
    await untilJob('job-m', 'completed');
    expect((await core.twins.get('edge-1/camera')).properties.desired).toMatchObject({ interval: 5 });
    expect((await core.twins.get('edge-1')).properties.desired).not.toHaveProperty('interval');
    expect(await rowsOf("jobId = 'job-m'")).toMatchObject([{ deviceId: 'edge-1', moduleId: 'camera' }]);
  });

  it('waits for its start time and can be cancelled until then', async () => {
    const { core, clock } = await openWith('pump-1');
    const startTime = new Date(clock.now() + 3_600_000).toISOString();
    await core.jobs.create('later', { ...setInterval5, startTime });
    await clock.advance(3_599_000);
    expect(await core.jobs.get('later')).toMatchObject({ status: 'scheduled', startTime });

    expect(await core.jobs.cancel('later')).toMatchObject({ status: 'cancelled' });
    await clock.advance(10_000);
    expect((await core.twins.get('pump-1')).tags).toEqual({});
    await expect(core.jobs.cancel('later')).rejects.toMatchObject({ symbol: 'OperationNotAllowedInCurrentState' });
    await expect(core.jobs.cancel('nobody')).rejects.toMatchObject({ symbol: 'JobNotFound' });
  });

  it('fails, after it was accepted, when its condition is not valid', async () => {
    const { core } = await openWith('pump-1');
    await core.jobs.create('bad', { ...setInterval5, queryCondition: 'tags.site = = 1' });
    expect(await untilJob('bad', 'failed')).toMatchObject({ failureReason: expect.stringContaining('character 13') });
  });

  it('ends what it could not reach within its time', async () => {
    const { core, clock } = await openWith('slow');
    const session = fakeSession(await senderOf(fixture, 'slow'), { methodReady: true });
    core.sessions.attach(session);
    await core.jobs.create('late', { ...reboot, maxExecutionTimeInSeconds: 3 });
    while (session.methods.length === 0) await clock.advance(0);
    await clock.advance(3_000);
    expect(await untilJob('late', 'failed')).toMatchObject({ deviceJobStatistics: { failedCount: 1 } });
  });

  it('refuses to be cancelled while it runs, but can be stopped', async () => {
    const { core } = await openWith('slow');
    const session = fakeSession(await senderOf(fixture, 'slow'), { methodReady: true });
    core.sessions.attach(session);
    await core.jobs.create('run', reboot);
    while (session.methods.length === 0) await fixture.clock.advance(0);
    await expect(core.jobs.cancel('run')).rejects.toMatchObject({ symbol: 'OperationNotAllowedInCurrentState' });
    expect(await core.jobs.stop('run')).toMatchObject({ status: 'cancelled' });
    expect(await rowsOf("jobId = 'run'")).toMatchObject([{ status: 'cancelled' }]);
  });

  it.each(['running', 'completed'])('when the store fails as it becomes %s, then it goes on later', async (status) => {
    const { core, store, clock, errors } = await openWith('pump-1');
    const { documents } = store;
    const write = documents.write.bind(documents);
    documents.write = (changes) => {
      const isIt = changes.some(
        (change) => change.kind === 'put' && change.collection === 'jobs' && change.value['status'] === status,
      );
      return isIt ? Promise.reject(new Error('the disk is full')) : write(changes);
    };
    await core.jobs.create('job-full', setInterval5);
    await clock.advance(1);
    await expect.poll(() => errors.length).toBe(1);
    documents.write = write;
    await clock.advance(5_000);
    const { deviceJobStatistics } = await untilJob('job-full', 'completed');
    expect(deviceJobStatistics).toMatchObject({ deviceCount: 1, succeededCount: 1, failedCount: 0 });
  });

  it('goes on after a restart without calling a device twice', async () => {
    const { core, store, clock } = await openWith('a', 'b');
    const session = fakeSession(await senderOf(fixture, 'a'), { methodReady: true });
    core.sessions.attach(session);
    await core.jobs.create('again', reboot);
    while (session.methods.length === 0) await clock.advance(0);
    await core.close();

    const { gatekeeper, telemetry } = core;
    const second = createCore({ store, telemetry, gatekeeper, clock, onError: (error) => fixture.errors.push(error) });
    fixture = { ...fixture, core: second };
    second.sessions.attach(session);
    const job = await untilJob('again', 'completed');
    expect(job.deviceJobStatistics).toMatchObject({ deviceCount: 2, failedCount: 2 });
    expect(session.methods).toHaveLength(1);
    expect(fixture.errors).toEqual([]);
  });

  it('is forgotten, with its rows, 30 days after its end', async () => {
    const { core, store, telemetry, clock } = await openWith('a');
    await core.jobs.create('old', setInterval5);
    await untilJob('old', 'completed');
    await clock.advance(31 * 24 * 3_600_000);
    const second = createCore({
      store,
      telemetry,
      gatekeeper: core.gatekeeper,
      clock,
      onError: (error) => fixture.errors.push(error),
    });
    await second.jobs.list({}, { limit: 10 });
    await second.close();
    expect(await core.jobs.get('old')).toEqual({ jobId: 'old', type: 'unknown', status: 'unknown' });
    expect(await rowsOf("jobId = 'old'")).toEqual([]);
  });
});

describe('a job is refused', () => {
  it.each([
    ['an id with capitals', 'Job', setInterval5, 'ArgumentInvalid'],
    ['no condition', 'j', { ...setInterval5, queryCondition: undefined }, 'ArgumentNull'],
    ['no type', 'j', { ...setInterval5, type: undefined }, 'ArgumentNull'],
    ['another type', 'j', { ...setInterval5, type: 'scheduleCoffee' }, 'ArgumentInvalid'],
    ['another id in the body', 'j', { ...setInterval5, jobId: 'k' }, 'ArgumentInvalid'],
    ['a start in eight days', 'j', { ...setInterval5, startTime: '2026-01-09T00:00:01Z' }, 'ArgumentInvalid'],
    ['a start that is no time', 'j', { ...setInterval5, startTime: 'soon' }, 'ArgumentInvalid'],
    ['no execution time', 'j', { ...setInterval5, maxExecutionTimeInSeconds: 0 }, 'ArgumentInvalid'],
    ['nothing to change', 'j', { ...setInterval5, updateTwin: {} }, 'ArgumentInvalid'],
    ['no method', 'j', { ...reboot, cloudToDeviceMethod: undefined }, 'ArgumentNull'],
  ])('with %s', async (_name, jobId, body, symbol) => {
    const { core } = await openWith();
    await expect(core.jobs.create(jobId, body)).rejects.toMatchObject({ symbol });
  });

  it('when there is one of its id, even a finished one', async () => {
    const { core } = await openWith();
    await core.jobs.create('twice', setInterval5);
    await untilJob('twice', 'completed');
    await expect(core.jobs.create('twice', setInterval5)).rejects.toMatchObject({ symbol: 'JobAlreadyExists' });
  });

  it('when as many wait or run as the tier allows', async () => {
    const { store, telemetry, core, clock } = await openWith();
    const limited = createCore({
      store,
      telemetry,
      gatekeeper: core.gatekeeper,
      clock,
      onError: () => undefined,
      imitation: { tier: 'S1' },
    });
    const startTime = new Date(clock.now() + 60_000).toISOString();
    await limited.jobs.create('one', { ...setInterval5, startTime });
    await expect(limited.jobs.create('two', setInterval5)).rejects.toMatchObject({
      symbol: 'ThrottlingMaxActiveJobCountExceeded',
    });
    await limited.close();
  });
});

describe('listings', () => {
  it('page through jobs, filtered by status and type', async () => {
    const { core } = await openWith();
    for (const id of ['a', 'b', 'c']) await core.jobs.create(id, setInterval5);
    for (const id of ['a', 'b', 'c']) await untilJob(id, 'completed');
    const first = await core.jobs.list({ status: 'completed' }, { limit: 2 });
    expect(first.rows.map(({ jobId }) => jobId)).toEqual(['a', 'b']);
    const second = await core.jobs.list({ status: 'completed' }, { limit: 2, after: first.next });
    expect(second).toMatchObject({ rows: [{ jobId: 'c' }], next: undefined });
    expect((await core.jobs.list({ type: 'scheduleDeviceMethod' }, { limit: 2 })).rows).toEqual([]);
    await expect(core.jobs.list({}, { limit: 2, after: 'junk' })).rejects.toMatchObject({ symbol: 'ArgumentInvalid' });
  });

  it('page through the rows of devices.jobs and count TOP over all pages', async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `d-${index}`);
    const { core } = await openWith(...ids);
    await core.jobs.create('seven', setInterval5);
    await untilJob('seven', 'completed');
    const seen: unknown[] = [];
    let after: string | undefined;
    const query = "SELECT TOP 5 * FROM devices.jobs WHERE jobId = 'seven'";
    do {
      const page = await core.queries.run(query, { limit: 2, after });
      expect(page.type).toBe('DeviceJob');
      seen.push(...page.rows.map((row) => row['deviceId']));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(ids.slice(0, 5));
    const { next } = await core.queries.run(query, { limit: 2 });
    await expect(core.queries.run('SELECT * FROM devices.jobs', { limit: 2, after: next })).rejects.toMatchObject({
      symbol: 'ArgumentInvalid',
    });
  });
});

describe('a hub that stops', () => {
  it('leaves devices that a job has not reached for the next start', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `d-${String(index).padStart(3, '0')}`);
    const { core, store, clock, telemetry } = await openWith(...ids);
    const sessions: FakeSession[] = [];
    for (const id of ids) {
      const session = fakeSession(await senderOf(fixture, id), { methodReady: true });
      sessions.push(session);
      core.sessions.attach(session);
    }
    const called = (): number => sessions.filter(({ methods }) => methods.length > 0).length;
    await core.jobs.create('wide', reboot);
    while (called() < 128) await clock.advance(1);
    await core.close();
    expect(called()).toBe(128);

    const second = createCore({
      store,
      telemetry,
      gatekeeper: core.gatekeeper,
      clock,
      onError: (error) => fixture.errors.push(error),
    });
    fixture = { ...fixture, core: second };
    const left = await store.documents.list('job-devices', { limit: 1_000 });
    expect(left.filter(({ value }) => value['status'] === 'pending')).toHaveLength(172);
    for (const session of sessions) second.sessions.attach(session);
    const job = await untilJob('wide', 'running');
    expect(job.jobId).toBe('wide');
    while (called() < 256) await clock.advance(1);
    expect(sessions.every(({ methods }) => methods.length <= 1)).toBe(true);
  });
});
