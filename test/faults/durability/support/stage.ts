import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { createSandbox, type Sandbox } from '../../../e2e/harness/sandbox.ts';
import {
  registerDevices,
  startHubProcess,
  type HubProcess,
  type HubProcessOptions,
} from '../../support/hub-process.ts';
import { startIngest, type Ingest } from './ingest.ts';
import type { IngestPlan } from './ingest-plan.ts';

/** What a test of this folder works with: a home of its own, and what was started in it. All of it ends with the test. */
export interface Stage {
  readonly box: Sandbox;
  /** What bodies are signed with, and the keys of devices are made of. */
  readonly secret: string;
  /** A hub process, on the directory `hub` of the home where none is named, with so many devices. */
  readonly startHub: (options?: Partial<HubProcessOptions>, devices?: number) => Promise<HubProcess>;
  /** Devices that send without end; what is acknowledged stands in the journal of that name. */
  readonly startLoad: (
    to: Pick<HubProcess, 'info'> | { readonly port: number },
    plan: Pick<IngestPlan, 'devices' | 'window'>,
    name?: string,
  ) => { readonly ingest: Ingest; readonly journal: string };
  /** To be called with the end of the test, last one first; the load ends before. */
  readonly onEnd: (end: () => unknown) => void;
}

/** The stage of the test that runs. */
export function stageOfTests(): () => Stage {
  let stage: Stage;
  let ends: (() => unknown)[];
  beforeEach(async () => {
    ends = [];
    stage = createStage(await createSandbox(), (end) => ends.push(end));
  });
  afterEach(async () => {
    for (const end of ends.toReversed()) await end();
    await stage.box.remove();
  });
  return () => stage;
}

function createStage(box: Sandbox, onEnd: Stage['onEnd']): Stage {
  const secret = randomBytes(16).toString('hex');
  return {
    box,
    secret,
    onEnd,
    async startHub(options = {}, devices = 0) {
      const hub = await startHubProcess(box, { dataDir: join(box.directory, 'hub'), ...options });
      onEnd(() => hub.kill());
      if (devices > 0) await registerDevices(hub, secret, devices);
      return hub;
    },
    startLoad(to, plan, name = 'journal') {
      const journal = join(box.directory, name);
      const place = 'port' in to ? to : { port: to.info.ports.mqtt ?? 0, hostName: to.info.hostName };
      const ingest = startIngest({ ...place, ...plan, journal, secret });
      onEnd(() => ingest.end());
      return { ingest, journal };
    },
  };
}
