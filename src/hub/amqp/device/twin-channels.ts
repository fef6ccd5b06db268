/** Twin requests and notifications of one identity. Source: device.md §4.6. */
import { HubError } from '../../../protocol/hub-errors.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { JsonObject } from '../../../std/json.ts';
import { twinFailure } from '../../twin-failure.ts';
import { bodyOf } from '../codec/decode-message.ts';
import { int, long, type Writable } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import type { AmqpMessage, OutgoingMessage } from '../message.ts';
import type { OutgoingLink } from '../route.ts';

/** Ties the two links of a channel together; undefined when the client does not say. */
type ChannelId = string | undefined;

interface Receiver {
  readonly link: OutgoingLink;
  readonly channel: ChannelId;
}

interface Answer {
  readonly status: number;
  readonly version?: number | undefined;
  readonly body: string;
}

/** Answers that wait for a receiver or its credit. */
const mostWaiting = 64;
/** Channels that hear of changes; SDKs have one for an identity. */
const mostSubscribed = 16;
const desiredNotifications = '/notifications/twin/properties/desired';
const reportedProperties = '/properties/reported';

export class TwinChannels {
  readonly #context: AmqpContext;
  readonly #identity: IdentityPath;
  readonly #receivers = new Set<Receiver>();
  readonly #subscribed = new Set<ChannelId>();
  #waiting: { readonly channel: ChannelId; readonly message: OutgoingMessage }[] = [];
  #requests: Promise<void> = Promise.resolve();

  constructor(context: AmqpContext, identity: IdentityPath) {
    this.#context = context;
    this.#identity = identity;
  }

  /** Adds a receiver; the result takes it away again. */
  addReceiver(link: OutgoingLink, channel: ChannelId): () => void {
    const receiver = { link, channel };
    this.#receivers.add(receiver);
    return () => {
      this.#receivers.delete(receiver);
      if (![...this.#receivers].some((other) => other.channel === channel)) this.#subscribed.delete(channel);
    };
  }

  /** A receiver has credit. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { channel, message } of waiting) this.#send(channel, message);
  }

  /**
   * Performs one request; resolves when it is done, and never rejects. One after the other, so that a read sees the update sent
   * before it.
   */
  request(message: AmqpMessage, channel: ChannelId): Promise<void> {
    this.#requests = this.#requests
      .then(() => this.#perform(message, channel))
      .catch((error: unknown) =>
        this.#context.log.error({ identity: this.#identity, err: error }, 'a twin request could not be answered'),
      );
    return this.#requests;
  }

  /** Tells of changed desired properties, where that was asked for. */
  notify(patch: JsonObject, version: number): void {
    for (const channel of this.#subscribed) {
      const annotations = new Map<string, Writable>([
        ['resource', '/properties/desired'],
        ['version', long(version)],
        ['status', int(200)],
      ]);
      this.#send(channel, { annotations, body: Buffer.from(JSON.stringify(patch), 'utf8') });
    }
  }

  async #perform(message: AmqpMessage, channel: ChannelId): Promise<void> {
    const operation = message.annotations.get('operation');
    const { correlationId } = message.properties;
    // Without these there is nothing to do, or nobody to tell (the reference hub ignores them too).
    if (typeof operation !== 'string' || (correlationId === undefined && operation.toUpperCase() !== 'PATCH')) return;
    const answer = await this.#answer(operation.toUpperCase(), message, channel).catch((error: unknown): Answer =>
      twinFailure(error, { ...this.#context, identity: this.#identity }),
    );
    if (correlationId === undefined) return;
    const annotations = new Map<string, Writable>([['status', int(answer.status)]]);
    if (answer.version !== undefined) annotations.set('version', long(answer.version));
    this.#send(channel, { annotations, properties: { correlationId }, body: Buffer.from(answer.body, 'utf8') });
  }

  async #answer(operation: string, message: AmqpMessage, channel: ChannelId): Promise<Answer> {
    const { twins } = this.#context.core;
    const resource = message.annotations.get('resource');
    const path = typeof resource === 'string' ? resource.toLowerCase() : '';
    if (operation === 'GET') {
      return { status: 200, body: JSON.stringify(await twins.readAsDevice(this.#identity)) };
    }
    if (operation === 'PATCH' && path === reportedProperties) {
      const version = await twins.patchReported(this.#identity, readPatch(message), baseVersion(message));
      return { status: 204, version, body: '' };
    }
    if (operation === 'PUT' && path === desiredNotifications) {
      if (this.#subscribed.size >= mostSubscribed && !this.#subscribed.has(channel))
        throw new HubError('IotHubQuotaExceeded', `At most ${mostSubscribed} channels hear of changes of a twin.`);
      this.#subscribed.add(channel);
      return { status: 200, body: '' };
    }
    if (operation === 'DELETE' && path === desiredNotifications) {
      this.#subscribed.delete(channel);
      return { status: 200, body: '' };
    }
    throw new HubError('ArgumentInvalid', 'The twin has no such operation on this resource.');
  }

  /** To the receiver of the channel, else to the one there is. */
  #send(channel: ChannelId, message: OutgoingMessage): void {
    const own = [...this.#receivers].filter((receiver) => receiver.channel === channel);
    const receivers = own.length > 0 ? own : [...this.#receivers];
    const ready = receivers.find(({ link }) => link.credit > 0);
    if (ready !== undefined) ready.link.send(message);
    else if (this.#waiting.length < mostWaiting) this.#waiting.push({ channel, message });
  }
}

function readPatch(message: AmqpMessage): unknown {
  try {
    return JSON.parse(Buffer.from(bodyOf(message)).toString('utf8'));
  } catch {
    throw new HubError('ArgumentInvalid', 'The reported properties are not valid JSON.');
  }
}

/** The reported version the device builds on, when it names one. */
function baseVersion(message: AmqpMessage): number | undefined {
  const version = message.annotations.get('version');
  return typeof version === 'number' ? version : undefined;
}
