import type { Duplex } from 'node:stream';
import type { Clock } from '../../std/clock.ts';
import type { PeerCertificates } from '../core/services.ts';
import type { HubLog } from '../log.ts';
import { AppendGate } from '../append-gate.ts';
import { ConnectionSet } from '../connection-set.ts';
import { Deadlines } from '../deadlines.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { createMemoryBudget, type MemoryBudget } from '../memory-budget.ts';
import { Paces } from '../pace.ts';
import { Connection } from './connection.ts';
import type { FrontContext, MqttCore } from './context.ts';
import { FrameReader } from './frame-reader.ts';
import { defaultMqttLimits, type MqttLimits } from './limits.ts';
import { Spares } from './spares.ts';

/** What is kept for connections that are at work at the same time, some hundred bytes each. */
const mostSpares = 1_024;
const mostSlots = 256;
import { newPublish, newPublishRun } from './publish.ts';

export interface MqttFrontOptions {
  readonly core: MqttCore;
  readonly clock: Clock;
  readonly log: HubLog;
  readonly limits?: Partial<MqttLimits> | undefined;
  /** Told of each stream whose peer has shown who it is. */
  readonly known?: ((stream: object) => void) | undefined;
  /** Room for packets that are not whole yet, shared with other fronts. */
  readonly unfinished?: MemoryBudget | undefined;
  /** Told when a connection that offers more than its limit has to wait. */
  readonly onSlowed?: (() => void) | undefined;
}

interface PeerFacts {
  /** Address of the peer, for the log. */
  readonly remote: string;
  /** True over TLS. */
  readonly secure: boolean;
  /** Default `mqtt`. */
  readonly protocol?: 'mqtt' | 'mqtt-ws' | undefined;
  /** What the peer showed in its TLS handshake. */
  readonly certificates?: PeerCertificates | undefined;
}

/** MQTT 3.1.1 for devices. Source: device.md §1.4, §1.5, §2. */
export interface MqttFront {
  /** Serves one peer on a stream that carries its bytes; never throws. The front owns the stream from here on. */
  accept(stream: Duplex, peer: PeerFacts): void;
  /** Connections that are not closed yet. */
  readonly size: number;
  /** Takes no more packets, acknowledges what is being stored, closes every connection; resolves when all are closed. */
  close(): Promise<void>;
}

export function createMqttFront({
  core,
  clock,
  log,
  limits,
  known = () => undefined,
  unfinished,
  onSlowed,
}: MqttFrontOptions): MqttFront {
  const context: FrontContext = {
    core,
    clock,
    log,
    limits: { ...defaultMqttLimits, ...limits },
    known,
    unfinished: unfinished ?? createMemoryBudget(Number.POSITIVE_INFINITY),
    gate: new AppendGate(core.telemetry, log),
    deadlines: new Deadlines(clock),
    paces: new Paces({ limits: { ...defaultMqttLimits, ...limits }, clock, onSlowed }),
    readers: new Spares(() => new FrameReader(0), mostSpares),
    acknowledgements: new Spares(
      () => new Acknowledgements(),
      mostSpares,
      ({ slots }) => slots <= mostSlots,
    ),
    publish: newPublish(),
    run: newPublishRun(),
  };
  const connections = new ConnectionSet<Connection>();

  return {
    accept(stream, { remote, secure, protocol = 'mqtt', certificates }) {
      connections.accept(
        stream,
        (onClosed) => new Connection({ context, stream, remote, secure, protocol, certificates, onClosed }),
      );
    },
    get size() {
      return connections.size;
    },
    close: () => connections.close(),
  };
}
