import { identityPath } from '../../../protocol/identity-path.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import type { Clock } from '../../../std/clock.ts';
import type { MessageRun, RunOutcome, RunSettled, Sender, TelemetryLog } from '../ports.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { ThrottleService } from '../throttling/service.ts';
import type { FaultService } from './service.ts';

export interface DisturbanceParts {
  readonly faults: FaultService;
  readonly throttle: ThrottleService;
  readonly sessions: Pick<Sessions, 'end'>;
  readonly clock: Clock;
}

/** What may wait in memory; a device that sends faster than it is let through is refused then. */
const mostWaitingBytes = 64 * 1_024 * 1_024;
/** What a message costs beside its body. */
const overheadBytes = 512;

/** The log, where messages of devices meet faults and the limits of the tier first. Events of the hub itself pass. */
export function disturbedLog(log: TelemetryLog, parts: DisturbanceParts): TelemetryLog {
  let waitingBytes = 0;

  type Told = (outcome: RunOutcome) => void;

  function appendOne(sender: Sender, enqueuedTime: number, bag: string, body: Uint8Array, told: Told): boolean {
    const stored = (error?: Error): void => told(error ?? 'stored');
    const waitMs = sender.source === 'Telemetry' ? disturb(parts, sender, body, told) : 0;
    if (waitMs === 0) return log.append(sender, enqueuedTime, bag, body, stored);
    if (waitMs === undefined) return true;
    const bytes = body.length + overheadBytes;
    if (waitingBytes + bytes > mostWaitingBytes) {
      told(new HubError('ThrottlingBacklogTimeout', 'Too much of what was sent waits already.'));
      return true;
    }
    waitingBytes += bytes;
    const copy = Uint8Array.from(body);
    const later = (): void => {
      waitingBytes -= bytes;
      log.append(sender, enqueuedTime, bag, copy, stored);
    };
    if (typeof waitMs === 'number') parts.clock.after(waitMs, later, { unref: true });
    else waitMs.then(later, told);
    return true;
  }

  function appendRun(sender: Sender, enqueuedTime: number, bag: string, run: MessageRun, settled: RunSettled): boolean {
    if (!parts.faults.any && !parts.throttle.imitating) return log.appendRun(sender, enqueuedTime, bag, run, settled);
    let goOn = true;
    for (let index = 0; index < run.count; index++) {
      const body = run.buffer.subarray(run.bounds[index * 2], run.bounds[index * 2 + 1]);
      goOn = appendOne(sender, enqueuedTime, bag, body, (outcome) => settled(index, 1, outcome)) && goOn;
    }
    return goOn;
  }

  return {
    append: (sender, enqueuedTime, bag, body, stored) =>
      appendOne(sender, enqueuedTime, bag, body, (outcome) => {
        // Whoever sent a message that is dropped waits in vain, as for one that was lost on its way.
        if (outcome !== 'dropped') stored(outcome === 'stored' ? undefined : outcome);
      }),
    appendRun,
    note: (...message) => log.note(...message),
    storeNotes: () => log.storeNotes(),
    drained: () => log.drained(),
    read: (options) => log.read(options),
    head: () => log.head(),
    partitions: () => log.partitions(),
    stats: () => log.stats(),
    prune: (now) => log.prune(now),
    close: () => log.close(),
  };
}

/** How long a message waits before it is stored: milliseconds, until a promise resolves, or undefined when it never is. */
function disturb(
  { faults, throttle, sessions }: DisturbanceParts,
  sender: Sender,
  body: Uint8Array,
  told: (outcome: RunOutcome) => void,
): number | Promise<void> | undefined {
  const identity = identityPath(sender.deviceId, sender.moduleId);
  const fault = faults.at('receive', identity);
  if (fault?.kind === 'drop') {
    told('dropped');
    return undefined;
  }
  if (fault?.kind === 'disconnect') {
    sessions.end(identity, 'fault');
    told(new HubError('ServiceUnavailable', 'The connection is cut by a fault on purpose.'));
    return undefined;
  }
  if (fault !== undefined) return fault.delayMs;
  try {
    throttle.meter(body.length);
    return throttle.admit('device-to-cloud') ?? 0;
  } catch (error) {
    told(error as HubError);
    return undefined;
  }
}
