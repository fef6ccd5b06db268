/** What the hub tells about its devices, appended to the log beside their telemetry. Source: device.md §9, service.md §9.7. */
import { encodeBag, encodeProperties } from '../../../protocol/mqtt/index.ts';
import type { MessageSource } from '../../../protocol/telemetry/message.ts';
import { isoTicks } from '../../../protocol/time.ts';
import { twinChangeBody } from '../../../protocol/twin/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Clock } from '../../../std/clock.ts';
import type { ConnectionState } from '../../../protocol/identity.ts';
import { identityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { MessageNote } from '../messages/device-queues.ts';
import type { QueueEvent } from '../messages/queue-state.ts';
import type { DeviceRecord, RegistryChange, Sender, TelemetryLog } from '../ports.ts';
import { messageBody, messageOperation } from './message-events.ts';
import { lifecycleBody, replacedTwinBody } from './twin-events.ts';

export interface EventParts {
  readonly telemetry: Pick<TelemetryLog, 'note' | 'storeNotes'>;
  readonly clock: Clock;
  /** The hub as the events name it. */
  readonly hubName: string;
  /** Told when an event could not be stored; whatever it was about has happened all the same. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes events to the log without waiting for the disk: they must not slow down what they are about. One that was told in the last moment
 * before a crash may be missing.
 */
export interface Events {
  /** A change of the registry was stored. `operation` says what the record alone does not show. */
  readonly wrote: (before: DeviceRecord | undefined, change: RegistryChange, operation?: 'replaceTwin') => void;
  /** An identity has connected, or disconnected for good. */
  readonly connection: (sender: Sender, state: ConnectionState) => void;
  /** Something happened to messages in the queue of an identity. */
  readonly messages: (identity: IdentityPath, events: readonly QueueEvent<MessageNote>[]) => void;
  /** Stores what is gathered. */
  close(): void;
}

/** Events are written at once, and stored after so long, or when there are so many: a commit for each would slow down what they are about. */
const gatherMs = 50;
const mostGathered = 200;

type Who = Pick<Sender, 'deviceId' | 'moduleId' | 'generationId' | 'modelId'>;

interface Event {
  readonly source: MessageSource;
  readonly schema: string;
  readonly operation: string;
  readonly body: JsonObject;
}

/** The hub itself speaks; readers are not shown how it proved that. */
const ownAuth: Sender['auth'] = { scope: 'hub', type: 'sas', issuer: 'iothub' };

export function createEvents({ telemetry, clock, hubName, onError }: EventParts): Events {
  const ordinal = createOrdinals(clock);
  const constantPart = createConstantParts(hubName);
  const timestamp = createTimestamps();
  const stored = (error?: Error): void => {
    if (error !== undefined) onError(error);
  };

  let gathered = 0;
  let cancel: (() => void) | undefined;

  function store(): void {
    cancel?.();
    cancel = undefined;
    gathered = 0;
    telemetry.storeNotes();
  }

  function tell({ deviceId, moduleId, generationId, modelId }: Who, { source, schema, operation, body }: Event): void {
    const now = clock.now();
    const sender: Sender = { deviceId, moduleId, generationId, modelId, auth: ownAuth, source };
    const properties = moduleId === '' ? { deviceId } : { deviceId, moduleId };
    const bag = `${constantPart(schema, operation)}&${encodeProperties(properties)}&operationTimestamp=${timestamp(now)}`;
    telemetry.note(sender, now, bag, Buffer.from(JSON.stringify(body)), stored);
    if (++gathered >= mostGathered) store();
    else cancel ??= clock.after(gatherMs, store, { unref: true });
  }

  function lifecycle(record: DeviceRecord, verb: 'create' | 'delete'): void {
    const kind = record.moduleId === '' ? 'Device' : 'Module';
    const [source, schema]: [MessageSource, string] =
      kind === 'Device'
        ? ['deviceLifecycleEvents', 'deviceLifecycleNotification']
        : ['moduleLifecycleEvents', 'moduleLifecycleNotification'];
    tell(record, { source, schema, operation: `${verb}${kind}Identity`, body: lifecycleBody(record) });
  }

  return {
    wrote(before, change, operation) {
      if (change.kind === 'insert') lifecycle(change.record, 'create');
      else if (change.kind === 'delete') {
        if (before !== undefined) lifecycle(before, 'delete');
      } else if (before !== undefined) {
        const body =
          operation === 'replaceTwin' ? replacedTwinBody(change.record) : twinChangeBody(before, change.record);
        if (body === undefined) return;
        const event = { source: 'twinChangeEvents', schema: 'twinChangeNotification' } as const;
        tell(change.record, { ...event, operation: operation ?? 'updateTwin', body });
      }
    },
    messages(identity, queueEvents) {
      for (const event of queueEvents) {
        const operation = messageOperation(event);
        if (operation === undefined) continue;
        const { generationId } = event.entry.note;
        tell(
          { ...identityNames(identity), generationId, modelId: '' },
          {
            source: 'deviceMessageEvents',
            schema: 'deviceMessageNotification',
            operation,
            body: messageBody(event),
          },
        );
      }
    },
    connection(sender, state) {
      const kind = sender.moduleId === '' ? 'device' : 'module';
      tell(sender, {
        source: 'deviceConnectionStateEvents',
        schema: `${kind}ConnectionStateNotification`,
        operation: `${kind}${state}`,
        body: { sequenceNumber: ordinal() },
      });
    },
    close: store,
  };
}

/**
 * The part of a property bag that all events of a kind share, written once: a fleet that is provisioned tells ten thousand events
 * in a second.
 */
function createConstantParts(hubName: string): (schema: string, operation: string) => string {
  const written = new Map<string, string>();
  return (schema, operation) => {
    const known = written.get(operation);
    if (known !== undefined) return known;
    const bag = encodeBag({
      system: {
        'user-id': hubName,
        'content-type': 'application/json',
        'content-encoding': 'utf-8',
        'iothub-message-schema': schema,
      },
      properties: { hubName, opType: operation },
    });
    written.set(operation, bag);
    return bag;
  };
}

/** Times as a bag carries them; many events share one. */
function createTimestamps(): (now: number) => string {
  let last = Number.NaN;
  let text = '';
  return (now) => {
    if (now !== last) {
      last = now;
      text = encodeURIComponent(isoTicks(now));
    }
    return text;
  };
}

const ordinalDigits = 64;

/** Numbers that rise, also over restarts: 64 hexadecimal digits, to be compared as text. */
function createOrdinals(clock: Clock): () => string {
  let last = 0n;
  return () => {
    const byTime = BigInt(Math.max(clock.now(), 0)) << 20n;
    last = byTime > last ? byTime : last + 1n;
    return last.toString(16).toUpperCase().padStart(ordinalDigits, '0');
  };
}
