import { HubError } from '../../protocol/hub-errors.ts';
import { decodeMessage } from './codec/decode-message.ts';
import { DecodeError } from './codec/reader.ts';
import type { IncomingEnd } from './links.ts';
import type { AmqpMessage } from './message.ts';
import type { AmqpError, IncomingDelivery } from './route.ts';

export class Delivery implements IncomingDelivery {
  readonly format: number;
  readonly tag: Uint8Array;
  readonly bytes: Uint8Array;
  readonly #link: IncomingEnd;
  readonly #id: number;
  readonly #settledByPeer: boolean;
  #message: AmqpMessage | undefined;
  #settled = false;

  constructor(
    link: IncomingEnd,
    transfer: { readonly id: number; readonly tag: Uint8Array; readonly format: number; readonly settled: boolean },
    bytes: Uint8Array,
  ) {
    this.#link = link;
    this.#id = transfer.id;
    this.#settledByPeer = transfer.settled;
    this.tag = transfer.tag;
    this.format = transfer.format;
    this.bytes = bytes;
  }

  get message(): AmqpMessage {
    if (this.#message !== undefined) return this.#message;
    try {
      this.#message = decodeMessage(this.bytes);
    } catch (error) {
      if (error instanceof DecodeError)
        throw new HubError('IotHubFormatError', `The message cannot be read: ${error.message}.`);
      throw error;
    }
    return this.#message;
  }

  accept(): void {
    this.#settle('accepted');
  }

  reject(error: AmqpError): void {
    this.#settle('rejected', error);
  }

  release(): void {
    this.#settle('released');
  }

  #settle(outcome: 'accepted' | 'rejected' | 'released', error?: AmqpError): void {
    if (this.#settled) return;
    this.#settled = true;
    // The peer has forgotten what it sent settled: nothing may be said about it any more.
    if (!this.#settledByPeer && this.#link.state === 'open')
      this.#link.session.settleIncoming(this.#id, outcome, error);
    this.#link.settled();
  }
}
