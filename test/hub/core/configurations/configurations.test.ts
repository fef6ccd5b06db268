import { afterEach, describe, expect, it } from 'vitest';
import { createCore } from '../../../../src/hub/core/core.ts';
import type { Configuration } from '../../../../src/protocol/configuration.ts';
import { fakeSession, openCore, senderOf, type CoreFixture } from '../../../support/core-fixture.ts';
import { realClock } from '../../../support/real-clock.ts';

let fixture: CoreFixture;
afterEach(async () => {
  expect(fixture.errors).toEqual([]);
  await fixture.close();
});

async function openWith(tags: Record<string, object>): Promise<CoreFixture> {
  fixture = await openCore();
  for (const [deviceId, value] of Object.entries(tags)) {
    await fixture.core.registry.put(deviceId, { deviceId }, undefined);
    await fixture.core.twins.patch(deviceId, { tags: value }, undefined);
  }
  return fixture;
}

async function edgeDevice(deviceId: string): Promise<void> {
  await fixture.core.registry.put(deviceId, { deviceId, capabilities: { iotEdge: true } }, undefined);
}

const body = (properties: object, more: object = {}) => ({
  schemaVersion: '1.0',
  content: { deviceContent: { 'properties.desired': properties } },
  targetCondition: '*',
  priority: 1,
  ...more,
});

/** Lets the evaluation that is due run until the configuration's results fit. */
async function untilResults(id: string, results: Record<string, number>): Promise<Configuration> {
  const deadline = realClock.monotonic() + 5_000;
  for (;;) {
    await fixture.clock.advance(100);
    const configuration = await fixture.core.configurations.get(id);
    const found = { ...configuration.systemMetrics.results, ...configuration.metrics.results };
    if (Object.entries(results).every(([name, count]) => found[name] === count)) return configuration;
    if (realClock.monotonic() > deadline) throw new Error(JSON.stringify(configuration));
  }
}

async function put(id: string, content: object, ifMatch?: string): Promise<Configuration> {
  return (await fixture.core.configurations.put(id, content, ifMatch)).configuration;
}

async function desiredOf(identity: string): Promise<Record<string, unknown>> {
  const { $version: _, $metadata: __, ...content } = (await fixture.core.twins.get(identity)).properties.desired;
  return content;
}

describe('a configuration', () => {
  it('is created without If-Match, with counts still empty', async () => {
    await openWith({});
    const { configuration, created } = await fixture.core.configurations.put('base', body({ a: 1 }), undefined);
    expect(created).toBe(true);
    expect(configuration).toMatchObject({
      id: 'base',
      schemaVersion: '1.0',
      labels: null,
      etag: 'MQ==',
      priority: 1,
      systemMetrics: { results: {}, queries: { targetedCount: 'select deviceId from devices' } },
      metrics: { results: {}, queries: {} },
    });
    await expect(put('base', body({ a: 1 }))).rejects.toMatchObject({ symbol: 'ConfigurationAlreadyExists' });
  });

  it('is changed with its etag, except for its content', async () => {
    await openWith({});
    await put('base', body({ a: 1 }));
    expect(await put('base', body({ a: 1 }, { priority: 7, labels: { team: 'x' } }), 'MQ==')).toMatchObject({
      priority: 7,
      labels: { team: 'x' },
      etag: 'Mg==',
    });
    await expect(put('base', body({ a: 1 }), 'MQ==')).rejects.toMatchObject({ symbol: 'PreconditionFailed' });
    await expect(put('base', body({ a: 2 }), '*')).rejects.toMatchObject({
      symbol: 'CannotModifyImmutableConfigurationContent',
    });
    await expect(put('none', body({ a: 1 }), '*')).rejects.toMatchObject({ symbol: 'ConfigurationNotFound' });
  });

  it('reaches the twins its condition holds for, and a connected device hears of it', async () => {
    await openWith({ 'pump-1': { site: 'north' }, 'pump-2': { site: 'south' } });
    const session = fakeSession(await senderOf(fixture, 'pump-1'));
    fixture.core.sessions.attach(session);
    await put('north', body({ interval: 5 }, { targetCondition: "tags.site = 'north'" }));
    await untilResults('north', { targetedCount: 1, appliedCount: 1 });
    expect(await desiredOf('pump-1')).toEqual({ interval: 5 });
    expect(await desiredOf('pump-2')).toEqual({});
    expect(session.desired).toEqual([{ interval: 5, $version: 2 }]);
    expect((await fixture.core.twins.get('pump-1')).configurations).toEqual({ north: { status: 'Applied' } });
    expect(
      (
        await fixture.core.queries.run(
          "SELECT deviceId FROM devices WHERE configurations.[[north]].status = 'Applied'",
          { limit: 10 },
        )
      ).rows,
    ).toEqual([{ deviceId: 'pump-1' }]);
  });

  it('finds devices that come to match within five minutes', async () => {
    await openWith({ 'pump-1': {} });
    await put('north', body({ interval: 5 }, { targetCondition: "tags.site = 'north'" }));
    await untilResults('north', { targetedCount: 0 });
    await fixture.core.twins.patch('pump-1', { tags: { site: 'north' } }, undefined);
    await fixture.clock.advance(300_000);
    await untilResults('north', { targetedCount: 1, appliedCount: 1 });
    expect(await desiredOf('pump-1')).toEqual({ interval: 5 });
  });

  it('leaves what was set by hand until it is written again', async () => {
    await openWith({ 'pump-1': {} });
    await put('base', body({ interval: 5 }));
    await untilResults('base', { appliedCount: 1 });
    await fixture.core.twins.patch('pump-1', { properties: { desired: { interval: 9 } } }, undefined);
    await fixture.clock.advance(300_000);
    await untilResults('base', { appliedCount: 1 });
    expect(await desiredOf('pump-1')).toEqual({ interval: 9 });
    await put('base', body({ interval: 5 }, { priority: 2 }), '*');
    for (let tries = 0; tries < 100 && (await desiredOf('pump-1'))['interval'] !== 5; tries++)
      await fixture.clock.advance(100);
    expect(await desiredOf('pump-1')).toEqual({ interval: 5 });
  });

  it('counts the rows of its own metrics', async () => {
    await openWith({ a: { hot: true }, b: { hot: true }, c: {} });
    const metrics = { queries: { hot: 'SELECT deviceId FROM devices WHERE tags.hot = true' } };
    await put('measured', body({ x: 1 }, { metrics }));
    await untilResults('measured', { targetedCount: 3, appliedCount: 3, hot: 2 });
  });
});

describe('a hub that starts again', () => {
  it('brings twins to what was written just before it stopped', async () => {
    const { core, store, telemetry, clock } = await openWith({ 'pump-1': {} });
    await put('base', body({ interval: 5 }));
    await core.close();
    const onError = (error: unknown): void => void fixture.errors.push(error);
    const second = createCore({ store, telemetry, gatekeeper: core.gatekeeper, clock, onError });
    fixture = { ...fixture, core: second };
    await untilResults('base', { targetedCount: 1, appliedCount: 1 });
    expect(await desiredOf('pump-1')).toEqual({ interval: 5 });
  });
});

describe('several configurations of one twin', () => {
  it('give each path the value of the highest one that sets it', async () => {
    await openWith({ 'pump-1': {} });
    await put('low', body({ interval: 1, fan: { speed: 1, mode: 'auto' } }, { priority: 1 }));
    await put('high', body({ fan: { speed: 9 } }, { priority: 9 }));
    await untilResults('low', { appliedCount: 1 });
    await untilResults('high', { appliedCount: 1 });
    expect(await desiredOf('pump-1')).toEqual({ interval: 1, fan: { speed: 9, mode: 'auto' } });
  });

  it('leave one that is overruled in everything as targeted', async () => {
    await openWith({ 'pump-1': {} });
    await put('low', body({ interval: 1 }, { priority: 1 }));
    await put('high', body({ interval: 2 }, { priority: 9 }));
    await untilResults('low', { targetedCount: 1, appliedCount: 0 });
    expect((await fixture.core.twins.get('pump-1')).configurations).toEqual({
      high: { status: 'Applied' },
      low: { status: 'Targeted' },
    });
  });

  it('let the next one take over when the highest goes, and keep what nobody sets any more', async () => {
    await openWith({ 'pump-1': {} });
    await put('low', body({ interval: 1 }, { priority: 1 }));
    await put('high', body({ interval: 2, extra: true }, { priority: 9 }));
    await untilResults('high', { appliedCount: 1 });
    await fixture.core.configurations.delete('high', undefined);
    await untilResults('low', { appliedCount: 1 });
    expect(await desiredOf('pump-1')).toEqual({ interval: 1, extra: true });
    await fixture.core.configurations.delete('low', undefined);
    for (let tries = 0; tries < 100; tries++) {
      await fixture.clock.advance(100);
      if ((await fixture.core.twins.get('pump-1')).configurations === undefined) break;
    }
    expect((await fixture.core.twins.get('pump-1')).configurations ?? {}).toEqual({});
  });

  it('are all noted as targeted when the twin would become too large', async () => {
    await openWith({ 'pump-1': {} });
    const filled = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, 'x'.repeat(4_000)]));
    await put('huge', body(filled));
    await untilResults('huge', { targetedCount: 1, appliedCount: 0 });
    expect((await fixture.core.twins.get('pump-1')).configurations).toEqual({ huge: { status: 'Targeted' } });
  });
});

describe('a configuration of modules', () => {
  it('reaches the modules its condition holds for', async () => {
    await openWith({ 'gate-1': {} });
    for (const moduleId of ['camera', 'radio'])
      await fixture.core.registry.modules.put(`gate-1/${moduleId}`, { deviceId: 'gate-1', moduleId }, undefined);
    await put('cameras', {
      content: { moduleContent: { 'properties.desired.fps': 25 } },
      targetCondition: "FROM devices.modules WHERE moduleId = 'camera'",
    });
    await untilResults('cameras', { targetedCount: 1, appliedCount: 1 });
    expect(await desiredOf('gate-1/camera')).toEqual({ fps: 25 });
    expect(await desiredOf('gate-1/radio')).toEqual({});
  });
});

const deployment = (image: string, more: object = {}) => ({
  content: {
    modulesContent: {
      $edgeAgent: { 'properties.desired': { schemaVersion: '1.1', modules: { camera: { image } } } },
      $edgeHub: { 'properties.desired': { routes: { all: 'FROM /* INTO $upstream' } } },
      camera: { 'properties.desired': { fps: 25 } },
    },
  },
  targetCondition: '*',
  priority: 1,
  ...more,
});

describe('a deployment to edge devices', () => {
  it('sets the modules of the highest one, with the layers above it', async () => {
    await openWith({ plain: {} });
    await edgeDevice('edge-1');
    await put('old', deployment('cam:1'));
    await put('new', deployment('cam:2', { priority: 5 }));
    await put('layer', {
      content: { modulesContent: { $edgeAgent: { 'properties.desired.modules.radio': { image: 'radio:1' } } } },
      targetCondition: '*',
      priority: 9,
    });
    await untilResults('new', { targetedCount: 1, appliedCount: 1 });
    await untilResults('layer', { appliedCount: 1, reportedSuccessfulCount: 0, reportedFailedCount: 0 });
    await untilResults('old', { targetedCount: 1, appliedCount: 0 });
    expect(await desiredOf('edge-1/$edgeAgent')).toEqual({
      schemaVersion: '1.1',
      modules: { camera: { image: 'cam:2' }, radio: { image: 'radio:1' } },
    });
    expect(await desiredOf('edge-1/camera')).toEqual({ fps: 25 });
    const modules = await fixture.core.registry.modules.list('edge-1');
    expect(modules.map(({ moduleId }) => moduleId).toSorted()).toEqual(['$edgeAgent', '$edgeHub', 'camera', 'radio']);
  });

  it('counts what the agents report', async () => {
    await openWith({});
    await edgeDevice('edge-1');
    await put('base', deployment('cam:1'));
    await untilResults('base', { appliedCount: 1 });
    const version = (await fixture.core.twins.get('edge-1/$edgeAgent')).properties.desired['$version'];
    await fixture.core.twins.patchReported('edge-1/$edgeAgent', {
      lastDesiredVersion: version,
      lastDesiredStatus: { code: 200 },
    });
    await fixture.clock.advance(300_000);
    await untilResults('base', { reportedSuccessfulCount: 1, reportedFailedCount: 0 });
  });

  it('can be applied to one device, where modules it does not mention go', async () => {
    await openWith({ plain: {} });
    await edgeDevice('edge-1');
    const applyContent = (id: string, content: object) => fixture.core.configurations.applyContent(id, content);
    await applyContent('edge-1', deployment('cam:1').content);
    const { camera: _, ...without } = deployment('cam:1').content.modulesContent;
    await applyContent('edge-1', {
      modulesContent: { ...without, $edgeAgent: { 'properties.desired': { modules: { radio: { image: 'r:1' } } } } },
    });
    const modules = await fixture.core.registry.modules.list('edge-1');
    expect(modules.map(({ moduleId }) => moduleId).toSorted()).toEqual(['$edgeAgent', '$edgeHub', 'radio']);
    await expect(applyContent('plain', deployment('cam:1').content)).rejects.toMatchObject({
      symbol: 'ArgumentInvalid',
      message: expect.stringContaining('not an Azure IoT Edge device'),
    });
    await expect(applyContent('nobody', deployment('cam:1').content)).rejects.toMatchObject({
      symbol: 'DeviceNotFound',
    });
  });
});

describe('a configuration is refused', () => {
  const twoForms = { content: { deviceContent: {}, moduleContent: {} } };
  const modules = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`m${index}`, {}]));
  it.each([
    ['an id with capitals', 'Base', body({}), 'ArgumentInvalid'],
    ['no content', 'c', { targetCondition: '*' }, 'InvalidConfigurationContent'],
    ['two kinds of content', 'c', twoForms, 'InvalidConfigurationContent'],
    ['tags in its content', 'c', { content: { deviceContent: { 'tags.a': 1 } } }, 'InvalidConfigurationContent'],
    [
      'an empty step in a path',
      'c',
      { content: { deviceContent: { 'properties.desired..a': 1 } } },
      'InvalidConfigurationContent',
    ],
    [
      'a deployment without an agent',
      'c',
      { content: { modulesContent: { camera: {} } } },
      'InvalidConfigurationContent',
    ],
    [
      'a deployment of 52 modules',
      'c',
      { content: { modulesContent: { $edgeAgent: {}, ...modules } } },
      'InvalidConfigurationContent',
    ],
    [
      'a condition that is not valid',
      'c',
      body({}, { targetCondition: 'tags.a = = 1' }),
      'InvalidConfigurationTargetCondition',
    ],
    [
      'devices for module content',
      'c',
      { content: { moduleContent: {} }, targetCondition: '*' },
      'InvalidConfigurationTargetCondition',
    ],
    [
      'modules for device content',
      'c',
      body({}, { targetCondition: 'FROM devices.modules' }),
      'InvalidConfigurationTargetCondition',
    ],
    ['a negative priority', 'c', body({}, { priority: -1 }), 'ArgumentInvalid'],
    [
      'a metric that is no query',
      'c',
      body({}, { metrics: { queries: { a: 'SELECT' } } }),
      'InvalidConfigurationCustomMetricsQuery',
    ],
    ['labels that are no text', 'c', body({}, { labels: { a: 1 } }), 'ArgumentInvalid'],
  ])('with %s', async (_name, id, content, symbol) => {
    await openWith({});
    await expect(put(id, content)).rejects.toMatchObject({ symbol });
  });

  it('when there are 100', async () => {
    await openWith({});
    for (let index = 0; index < 100; index++) await put(`c-${index}`, body({}, { targetCondition: '' }));
    await expect(put('one-more', body({}))).rejects.toMatchObject({ symbol: 'ConfigurationCountLimitExceeded' });
  });
});

describe('queries under test', () => {
  it('are told apart by name', async () => {
    await openWith({});
    const test = await fixture.core.configurations.testQueries({
      targetCondition: "tags.site = 'north'",
      customMetricQueries: { good: 'SELECT deviceId FROM devices', bad: 'SELECT' },
    });
    expect(test).toEqual({ targetConditionError: null, customMetricQueryErrors: { bad: expect.any(String) } });
    expect(await fixture.core.configurations.testQueries({ targetCondition: '*' })).toMatchObject({
      targetConditionError: expect.any(String),
    });
  });
});
