import { mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runAgent, type AgentEvent, type AgentSummary } from '../../../src/device/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { startMqttPeer, subscribesTo, type MqttPeer } from '../../support/mqtt-peer.ts';
import { realClock } from '../../support/real-clock.ts';
import { startFileServer, type FileServer } from '../firmware/file-server.ts';
import { imageOf, newKey, offerOf, oldImage, sha256, trustOf } from '../firmware/memory-device.ts';

const key = newKey();
const image = imageOf('new', 20_000);
let directory: string;
let peer: MqttPeer;
let server: FileServer;
let running: { readonly stop: AbortController; readonly done: Promise<AgentSummary> } | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-agent-'));
  await writeFile(join(directory, 'old.bin'), oldImage);
  server = await startFileServer(image);
});
afterEach(async () => {
  running?.stop.abort();
  await running?.done.catch(() => undefined);
  running = undefined;
  await peer.close();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

interface Watched {
  /** Resolves with the first report of a state, and of a rollout. */
  until(state: string, rollout?: string): Promise<Extract<AgentEvent, { kind: 'firmware' }>>;
}

async function start(desired: JsonObject): Promise<Watched> {
  peer = await startMqttPeer({ twin: { desired: { $version: 1, ...desired }, reported: { $version: 1 } } });
  const events: AgentEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const stop = new AbortController();
  const done = runAgent({
    device: {
      credentials: { hostName: 'hub.example', deviceId: 'agent-1', sharedAccessKey: 'a2V5IG9mIHNpeHRlZW4gYnl0ZXM=' },
      endpoint: { host: '127.0.0.1', port: peer.port, tls: false },
      clock: realClock,
      random: () => 0.5,
    },
    clock: realClock,
    intervalSeconds: 3_600,
    metrics: ['uptime'],
    scripts: new Map(),
    environment: { PATH: '/usr/bin:/bin' },
    version: '9.9.9',
    outbox: { directory: join(directory, 'outbox'), maximumBytes: 1_000_000 },
    once: false,
    readings: { take: () => Promise.resolve({ n: 1 }) },
    firmware: {
      directory: join(directory, 'firmware'),
      first: { version: '1.0.0', hardware: 'pump-v2', trust: trustOf([key]), image: join(directory, 'old.bin') },
    },
    onEvent: (event) => {
      events.push(event);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    signal: stop.signal,
  });
  done.catch(() => undefined);
  running = { stop, done };
  return {
    until: async (state, rollout) => {
      for (;;) {
        const found = events.find(
          (event) =>
            event.kind === 'firmware' &&
            event.report.state === state &&
            (rollout === undefined || event.report.rollout === rollout),
        );
        if (found?.kind === 'firmware') return found;
        await wake.promise;
      }
    },
  };
}

async function reported(state: string): Promise<JsonObject> {
  const packet = await peer.packet(
    (candidate): candidate is never =>
      candidate.cmd === 'publish' &&
      candidate.topic.includes('/reported/') &&
      String(candidate.payload).includes(`"state":"${state}"`),
  );
  return JSON.parse(String((packet as { payload: unknown }).payload)) as JsonObject;
}

function offer(): JsonObject {
  return { ...offerOf(key, image), url: server.url };
}

test('an agent takes the firmware that its twin asks for, and reports it there', async () => {
  const agent = await start({ firmware: offer() });
  expect(await agent.until('confirmed')).toMatchObject({ wanted: '2.0.0', report: { version: '2.0.0' } });
  expect(await reported('confirmed')).toMatchObject({
    firmware: { rollout: 'r', attempt: 1, version: '2.0.0', digest: sha256(image), code: null },
  });
  expect(await readlink(join(directory, 'firmware/current'))).toBe('slots/b');
});

test('patches of an offer add up, and a null takes it back', async () => {
  const { url = null, ...rest } = offer();
  const agent = await start({});
  await agent.until('idle');
  await peer.packet(subscribesTo('desired'));
  const patch = (version: number, firmware: unknown): void =>
    peer.publish(
      `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
      JSON.stringify({ firmware, $version: version }),
    );
  await peer.packet((packet): packet is never => packet.cmd === 'publish' && packet.topic.includes('twin/GET'));
  await reported('idle');
  patch(2, { ...rest, notBefore: '2999-01-01T00:00:00.000Z', url: 'http://127.0.0.1:1/nowhere' });
  await agent.until('downloading');
  patch(3, { url });
  await agent.until('staged');
  patch(4, null);
  expect(await agent.until('idle', 'r')).toMatchObject({ report: { attempt: 1, version: '1.0.0' } });
});

test('an agent whose directory is not its own does not start', async () => {
  await start({});
  running?.stop.abort();
  await running?.done;
  await peer.close();
  await writeFile(join(directory, 'firmware/state.json'), 'torn');
  await start({});
  await expect(running?.done).rejects.toMatchObject({ code: 'invalid-config' });
});
