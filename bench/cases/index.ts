import type { BenchCase } from '../support/case.ts';
import { amqpIngest } from './amqp-ingest.ts';
import { deviceList } from './device-list.ts';
import { eventHubsRead } from './event-hubs-read.ts';
import { idleMemory } from './idle-memory.ts';
import { ingest } from './ingest.ts';
import { provision } from './provision.ts';
import { query } from './query.ts';
import { sdkConnect } from './sdk-connect.ts';
import { startUp } from './start-up.ts';
import { tailTelemetry } from './tail-telemetry.ts';

export const cases: readonly BenchCase[] = [
  startUp,
  deviceList,
  provision,
  query,
  tailTelemetry,
  idleMemory,
  ingest,
  amqpIngest,
  eventHubsRead,
  sdkConnect,
];
