import type { BenchCase } from '../support/case.ts';
import { amqpIngest } from './amqp-ingest.ts';
import { command, commandFanOut } from './command.ts';
import { connectRate } from './connect-rate.ts';
import { deviceList } from './device-list.ts';
import { eventHubsRead } from './event-hubs-read.ts';
import { growth } from './growth.ts';
import { idleConnections } from './idle-connections.ts';
import { idleMemory } from './idle-memory.ts';
import { ingest, ingestShapes } from './ingest.ts';
import { provision, provisionMany } from './provision.ts';
import { query, queryMillion } from './query.ts';
import { sdkConnect } from './sdk-connect.ts';
import { startUp } from './start-up.ts';
import { telemetryHistory } from './telemetry-history.ts';
import { tailLatency } from './tail-latency.ts';
import { tailTelemetry } from './tail-telemetry.ts';

export const cases: readonly BenchCase[] = [
  startUp,
  deviceList,
  provision,
  provisionMany,
  query,
  queryMillion,
  tailTelemetry,
  tailLatency,
  telemetryHistory,
  idleMemory,
  idleConnections,
  ingest,
  ...ingestShapes,
  amqpIngest,
  eventHubsRead,
  sdkConnect,
  connectRate,
  command,
  commandFanOut,
  growth,
];
