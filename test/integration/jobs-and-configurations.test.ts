import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTable } from '../../src/cli/commands/index.ts';
import { run } from '../../src/cli/run.ts';
import type { SignalName } from '../../src/cli/system.ts';
import { fakeSystem } from '../cli/support/fake-terminal.ts';
import { roomsWith } from '../cli/support/memory-rooms.ts';
import { realClock } from '../support/real-clock.ts';
import { eventually, startTestHub, type TestHub } from './test-hub.ts';

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | undefined;
}

let hub: TestHub;
let directory: string;

beforeAll(async () => {
  hub = await startTestHub();
  directory = await mkdtemp(join(tmpdir(), 'iotctl-jobs-'));
  await hub.provision(['pump-1', 'pump-2', 'pump-3'], { tags: { site: 'north' } });
});

afterAll(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

/** Types a command line in front of the hub; `begin` is given what sends a signal. */
async function type(line: string, begin?: (send: (signal: SignalName) => void) => void): Promise<Ended> {
  const argv = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
  const system = { ...fakeSystem({ argv, env: { NO_COLOR: '1' } }), clock: realClock };
  begin?.((signal) => system.send(signal));
  await run(system, roomsWith(hub.client), commandTable);
  return { code: system.exits[0], stdout: system.stdout.text, stderr: system.stderr.text };
}

async function json(line: string): Promise<unknown> {
  return JSON.parse((await type(`${line} -o json`)).stdout);
}

async function desiredOf(deviceId: string): Promise<Record<string, unknown>> {
  return (await hub.client.twins.get(deviceId)).properties.desired;
}

/** Connects a device that answers `ping` at once and anything else with the answer; resolves to what tells that it was asked. */
async function connectWaiting(
  deviceId: string,
  answer: Promise<{ status: number; payload: null }>,
): Promise<{ readonly asked: Promise<void> }> {
  const device = await hub.connect(deviceId);
  const asked = Promise.withResolvers<void>();
  device.onMethod((name) => {
    if (name === 'ping') return { status: 200, payload: null };
    asked.resolve();
    return answer;
  });
  const ping = { methodName: 'ping', payload: null, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 0 };
  await eventually(() => hub.client.methods.invoke(deviceId, ping));
  return { asked: asked.promise };
}

describe('job run', () => {
  it('when every device takes a change, then there is a row for each and the exit code is 0', async () => {
    const { code, stdout, stderr } = await type('job run twin pump-* interval=5 tags.wave=2 --yes -o ndjson');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('3 of 3 succeeded') });
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(rows).toMatchObject([
      { deviceId: 'pump-1', status: 'completed' },
      { deviceId: 'pump-2', status: 'completed' },
      { deviceId: 'pump-3', status: 'completed' },
    ]);
    expect(await desiredOf('pump-2')).toMatchObject({ interval: 5 });
  });

  it('when some devices fail, then their rows say why and the exit code is 7', async () => {
    const device = await hub.connect('pump-1');
    device.onMethod((name, payload) => ({ status: 200, payload: { name, payload } }));
    const answer = await eventually(async () => {
      const { code, stdout } = await type('job run command pump-1 pump-2 reboot delay=5 --yes -o json');
      const rows = JSON.parse(stdout) as { deviceId: string; status: string }[];
      if (rows[0]?.status !== 'completed') throw new Error(stdout);
      return { code, rows };
    });
    expect(answer).toMatchObject({
      code: 7,
      rows: [
        { outcome: { deviceMethodResponse: { status: 200, payload: { name: 'reboot', payload: { delay: 5 } } } } },
        { deviceId: 'pump-2', status: 'failed', error: { code: 'DeviceNotOnline' } },
      ],
    });
  });

  it('when it is not to wait, then it prints the id, which the other commands take', async () => {
    const { code, stdout } = await type('job run twin pump-1 x=1 --id slow-1 --start 1h --no-wait -o name');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'slow-1\n' });
    expect(await json('job list --status scheduled')).toMatchObject([{ jobId: 'slow-1', type: 'scheduleUpdateTwin' }]);
    expect(await json('job show slow-1')).toMatchObject({ status: 'scheduled', queryCondition: "deviceId = 'pump-1'" });
    expect(await json('job cancel slow-1 --yes')).toMatchObject({ status: 'cancelled' });
    expect(await type('job cancel slow-1 --yes')).toMatchObject({ code: 5, stdout: '' });
    expect(await type('job show nobody')).toMatchObject({ code: 3 });
    expect(await type('job run twin pump-1 x=1 --id slow-1')).toMatchObject({ code: 5 });
  });

  it('when it is interrupted, then the job goes on and it says how to look again', async () => {
    const answer = Promise.withResolvers<{ status: number; payload: null }>();
    const { asked } = await connectWaiting('pump-2', answer.promise);
    const ended = await type('job run command pump-2 wait --id left-1', (send) => {
      void asked.then(() => send('SIGINT'));
    });
    expect(ended).toMatchObject({ code: 130, stderr: expect.stringContaining('iotctl job show left-1 --devices') });
    answer.resolve({ status: 200, payload: null });
    await eventually(async () => expect(await json('job show left-1')).toMatchObject({ status: 'completed' }));
  });

  it('when it is to cancel on an interrupt, then the job that runs is stopped', async () => {
    const { asked } = await connectWaiting('pump-3', new Promise(() => undefined));
    const ended = await type('job run command pump-3 wait --id left-2 --cancel-on-interrupt', (send) => {
      void asked.then(() => send('SIGINT'));
    });
    expect(ended).toMatchObject({ code: 130, stderr: expect.stringContaining('the job is cancelled') });
    expect(await json('job show left-2 --devices')).toMatchObject([{ deviceId: 'pump-3', status: 'cancelled' }]);
  });

  it.each([
    ['nothing matches', 'job run twin nobody-* x=1', 3],
    ['the condition is not valid', 'job run twin --where "tags.site = = 1" x=1', 2],
    ['the start is too far away', 'job run twin pump-1 x=1 --start 8d', 2],
    ['the start is no time', 'job run twin pump-1 x=1 --start soon', 2],
    ['the id is not allowed', 'job run twin pump-1 x=1 --id Job_1', 2],
    ['the change is missing', 'job run twin pump-1', 2],
    ['there is no terminal to ask on', 'job run twin pump-* x=1', 2],
  ])('when %s, then nothing is started', async (_name, line, code) => {
    const before = await json('job list');
    expect(await type(line)).toMatchObject({ code, stdout: '' });
    expect(await json('job list')).toEqual(before);
  });
});

async function file(content: unknown): Promise<string> {
  const path = join(directory, 'configuration.json');
  await writeFile(path, JSON.stringify(content));
  return path;
}

describe('configuration apply', () => {
  const north = {
    id: 'north',
    targetCondition: "tags.site = 'north'",
    priority: 5,
    content: { deviceContent: { 'properties.desired.limits': { pressure: 8 } } },
    metrics: { queries: { all: 'SELECT deviceId FROM devices' } },
  };

  it('makes the hub as the file says, and nothing the second time', async () => {
    const path = await file(north);
    expect(await json(`configuration plan ${path}`)).toContainEqual(
      expect.objectContaining({ id: 'north', action: 'create', path: 'priority', wanted: 5 }),
    );
    expect(await type(`configuration apply ${path} --yes`)).toMatchObject({ code: 0 });
    expect(await type(`configuration apply ${path}`)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing to change'),
    });
    await eventually(async () =>
      expect(await json('configuration list')).toMatchObject([
        { id: 'north', systemMetrics: { results: { targetedCount: 3, appliedCount: 3 } } },
      ]),
    );
    expect(await desiredOf('pump-3')).toMatchObject({ limits: { pressure: 8 } });
  });

  it('makes a new revision of another content, and deletes the old one when the new one is in force', async () => {
    const content = { deviceContent: { 'properties.desired.limits': { pressure: 9 } } };
    const path = await file([{ ...north, content, priority: 4 }]);
    const { code, stderr } = await type(`configuration apply ${path} --yes`);
    expect(code).toBe(0);
    expect(stderr).toMatch(/north-r2 is created.*\n.*north is deleted/);
    expect(await json('configuration list')).toMatchObject([{ id: 'north-r2', priority: 4 }]);
    await eventually(async () => expect(await desiredOf('pump-1')).toMatchObject({ limits: { pressure: 9 } }));
    const shown = await file(await json('configuration show north-r2'));
    expect(await type(`configuration apply ${shown}`)).toMatchObject({ code: 0 });
    expect(await json('configuration list')).toHaveLength(1);
  });

  it('changes what may change in place', async () => {
    const content = { deviceContent: { 'properties.desired.limits': { pressure: 9 } } };
    const path = await file([{ ...north, content, priority: 7, labels: { team: 'a' } }]);
    expect(await type(`configuration apply ${path} --dry-run`)).toMatchObject({ code: 0 });
    expect(await json('configuration show north-r2')).toMatchObject({ priority: 4 });
    expect(await type(`configuration apply ${path} --yes`)).toMatchObject({ code: 0 });
    expect(await json('configuration show north-r2')).toMatchObject({ priority: 7, labels: { team: 'a' } });
  });

  it.each([
    ['a member nobody knows', { ...north, taget: '*' }, 2],
    ['no id', { content: north.content }, 2],
    ['no content', { id: 'x' }, 2],
    ['a condition the hub does not understand', { ...north, id: 'x', targetCondition: 'tags.a = = 1' }, 2],
    ['a metric the hub does not understand', { ...north, id: 'x', metrics: { queries: { a: 'SELECT' } } }, 2],
  ])('refuses a file with %s', async (_name, content, code) => {
    expect(await type(`configuration apply ${await file(content)} --yes`)).toMatchObject({ code, stdout: '' });
    expect(await json('configuration list')).toHaveLength(1);
  });

  it('deletes after a question', async () => {
    expect(await type('configuration delete north-r2')).toMatchObject({ code: 2 });
    expect(await type('configuration delete north-r2 nobody --yes')).toMatchObject({ code: 3 });
    expect(await type('configuration delete north-r2 --yes')).toMatchObject({ code: 0 });
    expect(await json('configuration list')).toEqual([]);
  });
});

async function strikes(): Promise<number[]> {
  return ((await json('hub fault list')) as { strikes: number }[]).map((rule) => rule.strikes);
}

describe('hub fault', () => {
  it('cuts, delays and refuses a device that is connected over MQTT', async () => {
    await hub.provision(['victim']);
    const device = await hub.connect('victim');
    expect(await json('hub fault add refuse --device vic*')).toMatchObject([{ id: 'fault-1', kind: 'refuse' }]);
    expect(await type('hub fault add disconnect --device victim --for 1m')).toMatchObject({ code: 0 });
    const sent = device.sendTelemetry(Buffer.from('1'));
    await eventually(async () => expect((await hub.client.devices.get('victim')).connectionState).toBe('Disconnected'));
    await eventually(async () => {
      const [refused = 0, cut] = await strikes();
      expect(refused).toBeGreaterThan(0);
      expect(cut).toBe(1);
    });
    expect(await type('hub fault clear')).toMatchObject({ code: 0, stderr: expect.stringContaining('2 faults') });
    await sent;
    await eventually(async () => expect((await hub.client.devices.get('victim')).connectionState).toBe('Connected'));
    expect(await type('hub fault clear fault-9')).toMatchObject({ code: 3 });
    expect(await type('hub fault add drop --delay 1s')).toMatchObject({ code: 2 });
  });
});
