import type { PacerPlan } from '../load/pacer.ts';
import type { BenchCase, CaseContext, CaseResult, Measure } from '../support/case.ts';
import { makeDevices, provisionDevices, type BenchDevice } from '../support/devices.ts';
import { follow, type Follower } from '../support/follow.ts';
import { bytesOf } from '../support/history.ts';
import { startHub } from '../support/hub.ts';
import { deviceConnections, pace } from '../support/load.ts';
import { startMosquitto } from '../support/peers/mosquitto.ts';
import { alternate, median, quantile } from '../support/samples.ts';
import { launcher, type Workspace } from '../support/workspace.ts';

interface Sample {
  readonly p50: number;
  readonly p99: number;
  readonly latestMs: number;
}

interface Route {
  readonly follower: Follower;
  readonly load: Pick<PacerPlan, 'port' | 'connections'>;
}

const rate = 1_000;
const bodyBytes = 100;
/** Before each run, uncounted: its devices have just connected. */
const warmSeconds = 1;

export const tailLatency: BenchCase = {
  name: 'tail-latency',
  question: `How long is a message on its way from a device to a terminal that tails telemetry, at ${rate} messages/s?`,
  async run(context) {
    const own = await context.workspace.fresh('tail-latency');
    const devices = makeDevices('truck-', 50);
    const hub = await startHub(own);
    const words = [launcher, 'tail', 'telemetry', '-o', 'ndjson'];
    try {
      await provisionDevices(own, devices);
      const follower = await follow(process.execPath, words, own.env);
      try {
        const load = { port: hub.mqttPort, connections: deviceConnections(hub, devices) };
        const { result, messages } = await besideMosquitto(context, own, devices, { follower, load });
        await hub.stop();
        return withRoom(result, (await bytesOf(own)) / messages);
      } finally {
        await follower.stop();
      }
    } finally {
      await hub.stop();
    }
  },
};

async function besideMosquitto(
  context: CaseContext,
  own: Workspace,
  devices: readonly BenchDevice[],
  ours: Route,
): Promise<{ readonly result: CaseResult; readonly messages: number }> {
  const peer = await startMosquitto(own.directory);
  if (peer === undefined) return measure(context, ours, undefined);
  const connections = devices.map(({ deviceId }) => ({
    clientId: deviceId,
    topic: `devices/${deviceId}/messages/events/`,
  }));
  const words = ['-h', '127.0.0.1', '-p', String(peer.port), '-t', 'devices/#', '-q', '1'];
  const follower = await follow('mosquitto_sub', words, process.env);
  try {
    return await measure(context, ours, { follower, load: { port: peer.port, connections } });
  } finally {
    await follower.stop();
    await peer.stop();
  }
}

async function measure(
  { small, progress }: CaseContext,
  ours: Route,
  theirs: Route | undefined,
): Promise<{ readonly result: CaseResult; readonly messages: number }> {
  const seconds = small ? 1 : 5;
  let messages = await untilItFollows(ours);
  if (theirs !== undefined) await untilItFollows(theirs);
  const samples = await alternate<string, Sample>(small ? 1 : 5, {
    ours: async () => {
      messages += rate * (warmSeconds + seconds);
      return run(ours, seconds);
    },
    ...(theirs === undefined ? {} : { theirs: () => run(theirs, seconds) }),
  });
  const { ours: own = [], theirs: other } = samples;
  const [p50, p99] = [median(own.map((sample) => sample.p50)), median(own.map((sample) => sample.p99))];
  progress(`p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
  const late = Math.max(...Object.values(samples).flatMap((all) => all.map(({ latestMs }) => latestMs)));
  const result: CaseResult = {
    measures: [
      ...measuresOf('iotctl hub to iotctl tail telemetry', 'on disk, synced', own),
      ...(other === undefined ? [] : measuresOf('mosquitto to mosquitto_sub', 'nothing kept', other)),
    ],
    figures:
      other === undefined
        ? []
        : [
            { name: 'p50, iotctl / mosquitto', value: p50 / median(other.map((sample) => sample.p50)), unit: 'x' },
            {
              name: 'p99, iotctl / mosquitto',
              value: p99 / median(other.map((sample) => sample.p99)),
              unit: 'x',
              target: { atMost: 1.5 },
            },
          ],
    notes: [
      `${bodyBytes} bytes, QoS 1, plain MQTT on loopback, ${seconds} s in each run, after one that does not count; from the write of the device to the line in the pipe of the terminal's program, by the clock that all processes share. What comes through the hub is on disk before any reader sees it; mosquitto keeps nothing.`,
      `The load program sent its latest message ${late.toFixed(1)} ms behind its time.`,
      ...(other === undefined ? ['mosquitto is not installed here, so there is no peer.'] : []),
    ],
  };
  return { result, messages };
}

/** Sends until lines come; a follower that has just been started does not see what came before. Answers how many were sent. */
async function untilItFollows({ follower, load }: Route): Promise<number> {
  for (let sent = rate; sent <= 20 * rate; sent += rate) {
    await pace({ ...load, rate, seconds: 1, bodyBytes });
    if ((await follower.seen()) === rate) return sent;
  }
  throw new Error('the messages of a whole second never came');
}

async function run({ follower, load }: Route, seconds: number): Promise<Sample> {
  const { latestMs, messages } = await pace({ ...load, rate, warmSeconds, seconds, bodyBytes });
  const times = await follower.take(messages);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), latestMs };
}

function measuresOf(name: string, promised: string, samples: readonly Sample[]): Measure[] {
  return [
    { name: `${name}, p50`, unit: 'ms', promised, samples: samples.map(({ p50 }) => p50) },
    { name: `${name}, p99`, unit: 'ms', promised, samples: samples.map(({ p99 }) => p99) },
  ];
}

/** At this rate each commit holds a few messages; the log puts their rows together later. */
function withRoom(result: CaseResult, bytes: number): CaseResult {
  const name = `bytes on disk for each message at ${rate} messages/s`;
  return { ...result, figures: [...result.figures, { name, value: bytes, unit: 'bytes' }] };
}
