import { methodsFilter } from '../../src/protocol/mqtt/index.ts';
import type { BenchCase, CaseContext, CaseResult, Measure } from '../support/case.ts';
import { makeDevices, provisionDevices } from '../support/devices.ts';
import { startHub } from '../support/hub.ts';
import { deviceIdentities, holdResponders } from '../support/load.ts';
import { residentMb } from '../support/memory.ts';
import { startMosquitto } from '../support/peers/mosquitto.ts';
import { openRequester } from '../support/request.ts';
import { alternate, median, quantile } from '../support/samples.ts';
import { openService } from '../support/service.ts';
import type { Workspace } from '../support/workspace.ts';

interface Sample {
  readonly p50: number;
  readonly p99: number;
}

/** A round of questions one after the other. */
type Round = () => Promise<Sample>;

export const command: BenchCase = {
  name: 'command',
  question: 'How long does a command to one device take, from the request to its answer?',
  async run(context) {
    const own = await context.workspace.fresh('command');
    const devices = makeDevices('pump-', 1);
    const hub = await startHub(own);
    try {
      await provisionDevices(own, devices);
      const clients = deviceIdentities(hub, devices).map((identity) => ({ ...identity, filter: methodsFilter }));
      const device = await holdResponders({ port: hub.mqttPort, clients, atOnce: 1 });
      const ask = await openService(own);
      const path = `/twins/${devices[0]?.deviceId}/methods`;
      const body = { methodName: 'ping', payload: {}, responseTimeoutInSeconds: 30 };
      const ours: Round = () => questions(context, async () => (await ask('POST', path, { body })).ms);
      try {
        return await besideMosquitto(context, own, ours);
      } finally {
        await device.close();
      }
    } finally {
      await hub.stop();
    }
  },
};

async function besideMosquitto(context: CaseContext, own: Workspace, ours: Round): Promise<CaseResult> {
  const peer = await startMosquitto(own.directory);
  if (peer === undefined) return measure(context, ours, undefined);
  try {
    const client = { clientId: 'pump', filter: 'requests/pump', answerTo: 'answers' };
    const device = await holdResponders({ port: peer.port, clients: [client], atOnce: 1 });
    const requester = await openRequester(peer.port, 'answers');
    try {
      return await measure(context, ours, () => questions(context, () => requester.ask('requests/pump')));
    } finally {
      requester.close();
      await device.close();
    }
  } finally {
    await peer.stop();
  }
}

async function measure({ small, progress }: CaseContext, ours: Round, theirs: Round | undefined): Promise<CaseResult> {
  const samples = await alternate<string, Sample>(small ? 1 : 5, {
    ours,
    ...(theirs === undefined ? {} : { theirs }),
  });
  const { ours: own = [], theirs: other } = samples;
  const p50 = median(own.map((sample) => sample.p50));
  progress(`p50 ${p50.toFixed(2)} ms`);
  return {
    measures: [
      ...measuresOf('iotctl hub: POST …/methods to the answer', own),
      ...(other === undefined ? [] : measuresOf('mosquitto: request and answer by two topics', other)),
    ],
    figures:
      other === undefined
        ? []
        : [{ name: 'p50, iotctl / mosquitto', value: p50 / median(other.map((sample) => sample.p50)), unit: 'x' }],
    notes: [
      'One device over plain MQTT, one question after the other. Ours goes through the REST API with its authorisation, is checked for its form and its time, and comes back as JSON; at mosquitto two MQTT clients know of each other.',
      ...(other === undefined ? ['mosquitto is not installed here, so there is no peer.'] : []),
    ],
  };
}

async function questions({ small }: CaseContext, ask: () => Promise<number>): Promise<Sample> {
  const times: number[] = [];
  for (let count = 0; count < (small ? 50 : 1_000); count++) times.push(await ask());
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

function measuresOf(name: string, samples: readonly Sample[]): Measure[] {
  return [
    { name: `${name}, p50`, unit: 'ms', samples: samples.map(({ p50 }) => p50) },
    { name: `${name}, p99`, unit: 'ms', samples: samples.map(({ p99 }) => p99) },
  ];
}

export const commandFanOut: BenchCase = {
  name: 'command-fan-out',
  question: 'How long does `iotctl send-command` take to 10,000 connected devices?',
  async run({ workspace, small, progress }) {
    const own = await workspace.fresh('fan-out');
    const devices = makeDevices('pump-', small ? 200 : 10_000);
    const hub = await startHub(own);
    try {
      await provisionDevices(own, devices);
      const clients = deviceIdentities(hub, devices).map((identity) => ({ ...identity, filter: methodsFilter }));
      const held = await holdResponders({ port: hub.mqttPort, clients, atOnce: 50 });
      progress(`${devices.length} devices are connected`);
      const send =
        (...words: readonly string[]) =>
        async (): Promise<number> => {
          const result = await own.iotctl(['send-command', 'pump-*', 'ping', ...words, '-o', 'ndjson']);
          const answers = result.stdout.trimEnd().split('\n').length;
          if (answers !== devices.length) throw new Error(`${answers} of ${devices.length} devices answered`);
          return result.ms;
        };
      const samples = await alternate(small ? 1 : 3, { usual: send(), wide: send('--concurrency', '64') });
      const memory = residentMb(hub.pid);
      await held.close();
      return {
        measures: [
          { name: 'send-command to all', unit: 'ms', samples: samples.usual },
          { name: 'send-command to all, --concurrency 64', unit: 'ms', samples: samples.wide },
          { name: 'hub resident memory afterwards', unit: 'MB', samples: [memory] },
        ],
        figures: [
          { name: 'each device', value: (median(samples.usual) * 1_000) / devices.length, unit: 'µs' },
          {
            name: '--concurrency 64 / the default of 16',
            value: median(samples.wide) / median(samples.usual),
            unit: 'x',
          },
        ],
        notes: [
          `${devices.length} devices over plain MQTT, each of which answers at once; from spawn to exit, with the query that finds the devices and a line of output for each. Every answer is counted.`,
        ],
      };
    } finally {
      await hub.stop();
    }
  },
};
