import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectHub } from '../../client/index.ts';
import {
  allMetrics,
  models,
  startSimulation,
  type AgentSummary,
  type Model,
  type Simulation,
} from '../../device/index.ts';
import { Failure } from '../../errors/index.ts';
import { startHub, type RunningHub } from '../../hub/index.ts';
import { parsePolicyConnectionString } from '../../protocol/connection-string.ts';
import type { Clock } from '../../std/clock.ts';
import { provisionAgent, startAgent } from '../agent/index.ts';
import type { Hub } from '../ports.ts';
import { deviceCredentials, deviceEndpoint } from '../simulation/index.ts';
import type { DemoConnection } from './events.ts';
import { Journal } from './journal.ts';

export interface DemoOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Version of the program, for the agent's reported properties. */
  readonly version: string;
  readonly pid: number;
  readonly signal: AbortSignal;
  /** Leave everything running after the story, until the signal. */
  readonly keep: boolean;
}

/** The things on the stage, each made by a step; whatever was made is taken down again in the opposite order. */
export class Stage {
  readonly options: DemoOptions;
  readonly journal: Journal;
  readonly #undo: (() => Promise<unknown>)[] = [];
  #hub: { running: RunningHub; client: Hub; connection: DemoConnection } | undefined;
  readonly simulations: Simulation[] = [];
  agentSummary: Promise<AgentSummary> | undefined;
  /** Reads no more telemetry: a fleet that goes on for days must not fill the memory. */
  stopJournal: () => Promise<unknown> = async () => undefined;
  /** Stops the agent and waits for it. */
  stopAgent: () => Promise<unknown> = async () => undefined;

  constructor(options: DemoOptions) {
    this.options = options;
    this.journal = new Journal(options.clock);
  }

  get hub(): { running: RunningHub; client: Hub; connection: DemoConnection } {
    if (this.#hub === undefined) throw new Failure('bug', 'the demo has no hub yet');
    return this.#hub;
  }

  /** A hub of its own on free ports; its data are removed at the end. */
  async openHub(): Promise<void> {
    const { clock, random, pid, version } = this.options;
    const ports = { mqtt: 0, mqtts: 0, amqp: 'off', amqps: 'off', http: 0, https: 0 } as const;
    const running = await startHub({ dataDir: tmpdir(), ephemeral: true, ports, clock, pid, version });
    this.#undo.push(() => running.close());
    const { info } = running;
    const connection: DemoConnection = {
      ...parsePolicyConnectionString(info.connectionString),
      serviceUrl: `https://${info.hostName}:${info.ports.https}`,
      deviceUrl: `mqtts://${info.hostName}:${info.ports.mqtts}`,
      caFile: info.caFile,
    };
    const profile = { name: 'demo', kind: 'local', auth: 'key', source: 'flag', ...connection } as const;
    const client = connectHub(profile, { clock, random, userAgent: `iotctl/${version}` });
    this.#undo.push(() => client.close());
    this.#hub = { running, client, connection };
    const stop = new AbortController();
    const following = this.journal.follow(client, stop.signal);
    this.stopJournal = () => {
      stop.abort(new Failure('interrupted', 'the demo is over'));
      return following;
    };
    this.#undo.push(() => this.stopJournal());
  }

  async simulate(fleet: {
    readonly model: string;
    readonly ids: readonly string[];
    readonly speed: number;
    readonly seed: number;
  }): Promise<void> {
    const { client, connection } = this.hub;
    const { clock, signal } = this.options;
    const devices = await deviceCredentials(client, { deviceIds: fleet.ids, signal });
    const endpoint = await deviceEndpoint(connection);
    const simulation = await startSimulation(
      { ...fleet, model: modelNamed(fleet.model), devices, endpoint, clock },
      signal,
    );
    this.simulations.push(simulation);
    this.#undo.push(() => simulation.stop());
  }

  /** This machine as a device of the hub, with an outbox that is removed at the end. */
  async startAgent(deviceId: string): Promise<void> {
    const { clock, random, version, signal } = this.options;
    const outboxRoot = await mkdtemp(join(tmpdir(), 'iotctl-demo-'));
    this.#undo.push(() => rm(outboxRoot, { recursive: true, force: true }));
    const credentials = await provisionAgent(this.hub.client, deviceId, signal);
    const stop = new AbortController();
    const running = startAgent({
      credentials,
      address: this.hub.connection,
      outboxRoot,
      clock,
      random,
      version,
      intervalSeconds: 1,
      metrics: allMetrics,
      scripts: new Map(),
      environment: {},
      once: false,
      onEvent: () => undefined,
      signal: stop.signal,
    });
    // A failure is told where the summary is awaited.
    running.catch(() => undefined);
    this.agentSummary = running;
    this.stopAgent = () => {
      stop.abort();
      return running.catch(() => undefined);
    };
    this.#undo.push(() => this.stopAgent());
  }

  /** Takes everything down; goes on when one part will not. */
  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) await undo().catch(() => undefined);
  }
}

function modelNamed(name: string): Model {
  const model = models.get(name);
  if (model === undefined) throw new Failure('bug', `there is no model ${name}`);
  return model;
}
