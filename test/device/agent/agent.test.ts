import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  runAgent,
  type AgentEvent,
  type AgentOptions,
  type AgentSummary,
  type Metric,
} from '../../../src/device/index.ts';
import { isPublish, startMqttPeer, subscribesTo, type MqttPeer } from '../../support/mqtt-peer.ts';
import { realClock } from '../../support/real-clock.ts';

let directory: string;
let peer: MqttPeer;
const agents: { stop: AbortController; done: Promise<AgentSummary> }[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-agent-'));
  peer = await startMqttPeer({ twin: { desired: { $version: 1 }, reported: { $version: 1 } } });
});
afterEach(async () => {
  for (const { stop } of agents) stop.abort();
  await Promise.allSettled(agents.splice(0).map(({ done }) => done));
  await peer.close();
  await rm(directory, { recursive: true, force: true });
});

interface RunningAgent {
  readonly done: Promise<AgentSummary>;
  stop(): Promise<AgentSummary>;
  /** The first event, past ones included, that satisfies the test. */
  event(test: (event: AgentEvent) => boolean): Promise<AgentEvent>;
}

/** An agent whose readings count up: `n` is 1, 2, 3, … */
function start(more: Partial<AgentOptions> & { port?: number } = {}): RunningAgent {
  const stop = new AbortController();
  const events: AgentEvent[] = [];
  let wake = Promise.withResolvers<void>();
  let counter = 0;
  const done = runAgent({
    device: {
      credentials: { hostName: 'hub.example', deviceId: 'agent-1', sharedAccessKey: 'a2V5IG9mIHNpeHRlZW4gYnl0ZXM=' },
      endpoint: { host: '127.0.0.1', port: more.port ?? peer.port, tls: false },
      clock: realClock,
      random: () => 0.5,
      limits: { backoff: { firstMs: 10, maximumMs: 40 } },
    },
    clock: realClock,
    intervalSeconds: 0.03,
    metrics: ['cpu', 'memory'],
    scripts: new Map(),
    environment: { PATH: '/usr/bin:/bin' },
    version: '9.9.9',
    outbox: { directory: join(directory, 'outbox'), maximumBytes: 1_000_000 },
    once: false,
    readings: { take: async (wanted) => ({ n: ++counter, wanted: [...wanted] }) },
    onEvent: (event) => {
      events.push(event);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    signal: stop.signal,
    ...more,
  });
  done.catch(() => undefined);
  agents.push({ stop, done });
  return {
    done,
    stop: () => {
      stop.abort();
      return done;
    },
    event: async (matches) => {
      for (;;) {
        const found = events.find(matches);
        if (found !== undefined) return found;
        await wake.promise;
      }
    },
  };
}

function bodies(): { n: number; wanted: Metric[] }[] {
  const telemetry = peer.published.filter((packet) => packet.topic.includes('/messages/events/'));
  return telemetry.map((packet) => JSON.parse(String(packet.payload)) as { n: number; wanted: Metric[] });
}

async function reported(part: string): Promise<unknown> {
  const packet = await peer.packet(
    (candidate): candidate is never =>
      candidate.cmd === 'publish' && candidate.topic.includes('/reported/') && String(candidate.payload).includes(part),
  );
  return JSON.parse(String((packet as { payload: unknown }).payload));
}

describe('readings', () => {
  test('are sent in order, each with its time and an id of its own', async () => {
    const agent = start();
    await agent.event((event) => event.kind === 'delivered' && event.waiting === 0 && bodies().length >= 3);
    await agent.stop();
    expect(bodies().map(({ n }) => n)).toEqual(bodies().map((_, index) => index + 1));
    const topics = peer.published
      .filter((packet) => packet.topic.includes('/messages/events/'))
      .map(({ topic }) => topic);
    expect(topics[0]).toMatch(/%24\.mid=[^&]+&.*%24\.ctime=\d{4}-/);
    expect(new Set(topics).size).toBe(topics.length);
  });

  test('wait on the disk while there is no hub and go out in order when there is one', async () => {
    const behaviour = peer.behaviour;
    peer.behaviour = { connack: 'silent' };
    const agent = start();
    await agent.event((event) => event.kind === 'reading' && event.waiting >= 5);
    const summary = await agent.stop();
    expect(summary).toMatchObject({ delivered: 0, waiting: summary.taken });
    peer.behaviour = behaviour;
    const second = start({ intervalSeconds: 3_600, readings: { take: async () => ({ n: 999 }) } });
    await second.event(
      (event) => event.kind === 'delivered' && event.waiting === 0 && bodies().some(({ n }) => n === 999),
    );
    expect(bodies().map(({ n }) => n)).toEqual([
      ...Array.from({ length: summary.taken }, (_, index) => index + 1),
      999,
    ]);
  });

  test('survive a link that is cut again and again: none lost, none out of order', async () => {
    const agent = start();
    for (let cut = 1; cut <= 4; cut++) {
      await agent.event((event) => event.kind === 'delivered' && bodies().length >= cut * 3);
      peer.cutAll();
    }
    await agent.event((event) => event.kind === 'delivered' && bodies().length >= 16);
    const { delivered, waiting, taken, lost } = await agent.stop();
    expect({ lost, sum: delivered + waiting }).toEqual({ lost: 0, sum: taken });
    const firstSeen = [...new Set(bodies().map(({ n }) => n))];
    expect(firstSeen).toEqual(firstSeen.toSorted((a, b) => a - b));
    expect(firstSeen.length).toBeGreaterThanOrEqual(delivered);
  });
});

describe('once', () => {
  test('sends one reading and ends', async () => {
    const summary = await start({ once: true }).done;
    expect(summary).toEqual({ taken: 1, delivered: 1, waiting: 0, lost: 0 });
    expect(bodies()).toHaveLength(1);
  });

  test('fails with not-authorised when the hub refuses this device, and keeps the reading', async () => {
    peer.behaviour = { connack: 5 };
    await expect(start({ once: true }).done).rejects.toMatchObject({ code: 'not-authorised' });
    peer.behaviour = { twin: peer.behaviour.twin };
    expect(await start({ once: true }).done).toMatchObject({ delivered: 2, waiting: 0 });
  });
});

describe('properties', () => {
  test('facts are reported', async () => {
    start();
    expect(await reported('agentVersion')).toMatchObject({
      agentVersion: '9.9.9',
      telemetryInterval: 0.03,
      metrics: ['cpu', 'memory'],
      os: { type: expect.any(String) as string },
    });
  });

  test('desired interval and metrics are obeyed and acknowledged', async () => {
    const agent = start({ intervalSeconds: 3_600 });
    await agent.event((event) => event.kind === 'delivered');
    await peer.packet(subscribesTo('desired'));
    peer.publish(
      '$iothub/twin/PATCH/properties/desired/?$version=7',
      '{"telemetryInterval":1,"metrics":["disk"],"$version":7}',
    );
    expect(await reported('acknowledged')).toEqual({
      telemetryInterval: 1,
      metrics: ['disk'],
      acknowledged: {
        telemetryInterval: { version: 7, status: 200, message: null },
        metrics: { version: 7, status: 200, message: null },
      },
    });
    await agent.event((event) => event.kind === 'delivered' && bodies().some(({ wanted }) => wanted[0] === 'disk'));
  });

  test.each([
    ['{"telemetryInterval":0,"$version":7}', 'telemetryInterval must be a number from 1 to 86400 seconds'],
    ['{"telemetryInterval":"fast","$version":7}', 'telemetryInterval must be a number from 1 to 86400 seconds'],
    [
      '{"metrics":["cpu","soul"],"$version":7}',
      'metrics must be a list of cpu, memory, disk, network, temperature, uptime',
    ],
    ['{"metrics":[],"$version":7}', 'metrics must be a list of cpu, memory, disk, network, temperature, uptime'],
  ])('desired %s is refused with the reason', async (patch, message) => {
    start();
    await peer.packet((packet): packet is never => packet.cmd === 'publish' && packet.topic.includes('twin/GET'));
    await reported('agentVersion');
    peer.publish('$iothub/twin/PATCH/properties/desired/?$version=7', patch);
    expect(JSON.stringify(await reported('acknowledged'))).toContain(message);
  });
});

async function call(name: string, payload: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  await peer.packet(subscribesTo('methods'));
  const rid = `r${peer.packets.length}`;
  peer.publish(`$iothub/methods/POST/${name}/?$rid=${rid}`, JSON.stringify(payload));
  const answer = await peer.packet(isPublish(`$rid=${rid}`));
  const status = Number(answer.topic.split('/')[3]);
  return { status, body: JSON.parse(String(answer.payload)) as Record<string, unknown> };
}

async function script(text: string): Promise<string> {
  const file = join(directory, 'script');
  await writeFile(file, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
  return file;
}

describe('commands', () => {
  test('ping, get-info and set-interval are answered; an unknown one is 404', async () => {
    start();
    expect(await call('ping', null)).toEqual({ status: 200, body: { message: 'pong' } });
    expect(await call('get-info', {})).toMatchObject({ status: 200, body: { agentVersion: '9.9.9' } });
    expect(await call('set-interval', { seconds: 60 })).toMatchObject({ status: 200, body: { telemetryInterval: 60 } });
    expect(await call('set-interval', { seconds: 0.5 })).toMatchObject({ status: 400 });
    expect(await call('format-disk', null)).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('get-info') as string },
    });
  });

  test('run starts an allowed script and gives its exit code and output', async () => {
    start({ scripts: new Map([['hello', await script('echo out; echo err >&2; exit 3')]]) });
    expect(await call('run', { script: 'hello' })).toEqual({
      status: 200,
      body: { exitCode: 3, stdout: 'out\n', stderr: 'err\n' },
    });
  });

  test('run takes no path, no argument and no name of an object’s own', async () => {
    start({ scripts: new Map([['hello', await script('echo "$#"')]]) });
    expect(await call('run', { script: '/bin/ls' })).toMatchObject({ status: 403 });
    expect(await call('run', { script: '__proto__' })).toMatchObject({ status: 403 });
    expect(await call('run', { script: ['hello'] })).toMatchObject({ status: 400 });
    expect(await call('run', { script: 'hello', args: ['; rm -rf /'] })).toMatchObject({ body: { stdout: '0\n' } });
  });

  test('run gives a script the environment it is told to and nothing on its input', async () => {
    const environment = { PATH: '/usr/bin:/bin', COLOUR: 'blue' };
    start({ environment, scripts: new Map([['look', await script('cat; echo "$COLOUR,$HOME,$TMPDIR"')]]) });
    expect(await call('run', { script: 'look' })).toMatchObject({ status: 200, body: { stdout: 'blue,,\n' } });
  });

  test('run answers when the script ends, whatever it leaves in the background', async () => {
    start({ scripts: new Map([['leave', await script('sleep 15 & echo started')]]) });
    expect(await call('run', { script: 'leave' })).toMatchObject({ status: 200, body: { stdout: 'started\n' } });
  });

  test('run ends a script that writes too much', async () => {
    start({ scripts: new Map([['flood', await script('yes')]]) });
    expect(await call('run', { script: 'flood' })).toMatchObject({ status: 413 });
  });
});
