import { randomUUID } from 'node:crypto';
import { identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Sender } from '../../core/ports.ts';
import type { DeviceSession, SessionEnd } from '../../core/services.ts';
import { AmqpUuid } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import type { AmqpConnection, AmqpError, Claim, DeviceGrant, OutgoingLink } from '../route.ts';
import { textOf, type MessageId } from '../codec/values.ts';
import type { Refusal } from './requested-fault.ts';
import { TwinChannels } from './twin-channels.ts';

export interface DeviceSessionParts {
  readonly context: AmqpContext;
  readonly connection: AmqpConnection;
  readonly grant: DeviceGrant;
  /** Called once, when the session is over. */
  readonly onOver: (session: AmqpDeviceSession) => void;
}

type MethodCall = Parameters<DeviceSession['sendMethod']>[0];

/** What the device hears on its links when its session is ended. Source: device.md §4.8. */
const conditions: Readonly<Record<SessionEnd, AmqpError>> = {
  displaced: { condition: 'amqp:link:stolen', description: 'The identity has connected again.' },
  disabled: { condition: 'amqp:unauthorized-access', description: 'The identity is disabled.' },
  deleted: { condition: 'amqp:not-found', description: 'The identity was deleted.' },
  'key-changed': { condition: 'amqp:unauthorized-access', description: 'The key of the identity was changed.' },
  'token-expired': { condition: 'amqp:unauthorized-access', description: 'The token has expired.' },
  fault: { condition: 'amqp:link:detach-forced', description: 'The connection is cut by a fault on purpose.' },
  shutdown: { condition: 'amqp:link:detach-forced', description: 'The hub is going down.' },
};

/** Calls the device has not answered; the oldest are forgotten, their callers time out. */
const mostCalls = 256;

/** An identity on one connection: all its links together. A connection may carry many of them. Source: device.md §4.1. */
export class AmqpDeviceSession implements DeviceSession {
  readonly identity: IdentityPath;
  readonly protocol: DeviceSession['protocol'];
  readonly remote: string;
  readonly claim: Claim;
  readonly twins: TwinChannels;
  /** Telemetry is refused on purpose: the device asked for that. */
  refusal: Refusal | undefined;
  sender: Sender;
  readonly #parts: DeviceSessionParts;
  readonly #links = new Set<{ detach(error?: AmqpError): void }>();
  /** Links for calls that have had credit: before that the device does not listen yet. */
  readonly #methodReceivers = new Set<OutgoingLink>();
  /** Calls that wait for credit. */
  readonly #waitingCalls: MethodCall[] = [];
  /** Request ids by the correlation ids the device knows them by. */
  readonly #calls = new Map<string, string>();
  #over = false;

  constructor(parts: DeviceSessionParts) {
    this.#parts = parts;
    this.sender = parts.grant.principal.sender;
    this.identity = identityPath(this.sender.deviceId, this.sender.moduleId);
    this.protocol = parts.connection.protocol;
    this.remote = parts.connection.remote;
    this.claim = parts.grant.claim;
    this.twins = new TwinChannels(parts.context, this.identity);
  }

  get isOver(): boolean {
    return this.#over;
  }

  get methodReady(): boolean {
    for (const link of this.#methodReceivers) if (link.isOpen) return true;
    return false;
  }

  addLink(link: { detach(error?: AmqpError): void }): void {
    this.#links.add(link);
  }

  /** Ends the session with its last link. */
  removeLink(link: { detach(error?: AmqpError): void }): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#end();
  }

  /** The device gave credit for calls: the first makes the session ready for them. */
  methodCredit(link: OutgoingLink): void {
    const isNew = !this.#methodReceivers.has(link);
    this.#methodReceivers.add(link);
    while (this.#waitingCalls.length > 0 && link.credit > 0) {
      const call = this.#waitingCalls.shift();
      if (call !== undefined) this.#send(link, call);
    }
    if (isNew) this.methodsChanged();
  }

  removeMethodReceiver(link: OutgoingLink): void {
    this.#methodReceivers.delete(link);
    this.methodsChanged();
  }

  /** The device may take methods now, or not any more. */
  methodsChanged(): void {
    if (!this.#over) this.#parts.context.core.sessions.methodsChanged(this);
  }

  /** The device did something. */
  touch(): void {
    this.#parts.context.core.sessions.touch(this.identity);
  }

  /** Source: device.md §4.7. */
  sendMethod(call: MethodCall): void {
    for (const link of this.#methodReceivers) {
      if (link.credit === 0) continue;
      this.#send(link, call);
      return;
    }
    this.#waitingCalls.push(call);
    if (this.#waitingCalls.length > mostCalls) this.#waitingCalls.shift();
  }

  #send(link: OutgoingLink, { requestId, methodName, payload }: MethodCall): void {
    const correlationId = new AmqpUuid(randomUUID());
    this.#remember(correlationId.text, requestId);
    link.send({
      properties: { correlationId },
      applicationProperties: new Map([['IoThub-methodname', methodName]]),
      body: Buffer.from(payload, 'utf8'),
    });
  }

  /** The device's answer; what answers no call is ignored. */
  methodAnswered(correlationId: MessageId | undefined, status: number | undefined, payload: string): void {
    // Node answers with a string where the id does not look like a uuid to it.
    const key = (correlationKey(correlationId) ?? '').toLowerCase();
    const requestId = this.#calls.get(key);
    if (requestId === undefined) return;
    this.#calls.delete(key);
    this.#parts.context.core.commands.answer(this.identity, requestId, status, payload);
  }

  sendDesired(patch: JsonObject, version: number): void {
    this.twins.notify(patch, version);
  }

  close(reason: SessionEnd): void {
    if (this.#over) return;
    this.#over = true;
    for (const link of this.#links) link.detach(conditions[reason]);
    this.#parts.onOver(this);
    this.#parts.context.core.sessions.detach(this);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.onOver(this);
    this.#parts.context.core.sessions.detach(this);
  }

  #remember(correlationId: string, requestId: string): void {
    this.#calls.set(correlationId, requestId);
    if (this.#calls.size <= mostCalls) return;
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined) this.#calls.delete(oldest);
  }
}

function correlationKey(id: MessageId | undefined): string | undefined {
  if (id instanceof Uint8Array && id.length === 16) return AmqpUuid.read(Buffer.from(id), 0).text;
  return textOf(id);
}
