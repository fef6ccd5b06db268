import type { Duplex } from 'node:stream';
import type { Clock } from '../../std/clock.ts';
import { AppendGate } from '../append-gate.ts';
import { ConnectionSet } from '../connection-set.ts';
import type { HubCore, PeerCertificates } from '../core/services.ts';
import type { HubLog } from '../log.ts';
import { Writer } from './codec/writer.ts';
import { createMemoryBudget, type MemoryBudget } from '../memory-budget.ts';
import { Paces } from '../pace.ts';
import { Connection } from './connection.ts';
import type { AmqpContext } from './context.ts';
import { defaultAmqpLimits, type AmqpLimits } from './limits.ts';
import type { EventHubsOptions } from './event-hubs/index.ts';
import { createRoutes } from './routes.ts';

export interface AmqpFrontOptions {
  readonly core: HubCore;
  readonly clock: Clock;
  readonly log: HubLog;
  /** The endpoint where events are read. */
  readonly eventHubs: EventHubsOptions;
  readonly limits?: Partial<AmqpLimits> | undefined;
  /** Told of each stream whose peer has shown who it is. */
  readonly known?: ((stream: object) => void) | undefined;
  /** Room for messages that are not whole yet, shared with other fronts. */
  readonly unfinished?: MemoryBudget | undefined;
}

export interface AmqpPeer {
  /** Address of the peer, for the log. */
  readonly remote: string;
  /** True over TLS. */
  readonly secure: boolean;
  /** Default `amqp`. */
  readonly protocol?: 'amqp' | 'amqp-ws' | undefined;
  readonly certificates?: PeerCertificates | undefined;
  readonly localPort?: number | undefined;
}

/** AMQP 1.0 for devices, back ends and readers of telemetry. Source: device.md §4, service.md §8, §9. */
export interface AmqpFront {
  /** Serves one peer on a stream that carries its bytes; never throws. The front owns the stream from here on. */
  accept(stream: Duplex, peer: AmqpPeer): void;
  /** Connections that are not closed yet. */
  readonly size: number;
  /** Takes no more frames, accepts what is being stored, closes every connection; resolves when all are closed. */
  close(): Promise<void>;
}

export function createAmqpFront({
  core,
  clock,
  log,
  eventHubs,
  limits,
  known = () => undefined,
  unfinished,
}: AmqpFrontOptions): AmqpFront {
  const context: AmqpContext = {
    core,
    clock,
    log,
    limits: { ...defaultAmqpLimits, ...limits },
    known,
    unfinished: unfinished ?? createMemoryBudget(Number.POSITIVE_INFINITY),
    paces: new Paces({ limits: { ...defaultAmqpLimits, ...limits }, clock }),
    gate: new AppendGate(core.telemetry, log),
  };
  const routes = createRoutes(context, eventHubs);
  const writer = new Writer();
  const connections = new ConnectionSet<Connection>();

  return {
    accept(stream, { protocol = 'amqp', remote, secure, certificates, localPort }) {
      const peer = { remote, secure, protocol, certificates, localPort };
      connections.accept(stream, (onClosed) => new Connection({ context, routes, writer, stream, onClosed, ...peer }));
    },
    get size() {
      return connections.size;
    },
    close: () => connections.close(),
  };
}
