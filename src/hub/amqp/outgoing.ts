/** What the hub sends in a session: frames that wait for the peer's window, deliveries that wait for its word. */
import {
  numberField,
  outcomeCodes,
  transferOverhead,
  writeDisposition,
  writeTransfer,
  type Performative,
} from './codec/performatives.ts';
import { AmqpDescribed, type AmqpValue } from './codec/values.ts';
import type { Writer } from './codec/writer.ts';
import type { OutgoingEnd } from './links.ts';
import type { AmqpError, Outcome, SendOptions } from './route.ts';

export interface OutgoingParts {
  readonly channel: number;
  /** The largest frame the peer takes. */
  readonly peerFrameBytes: number;
  /** Transfers the peer takes before its first flow. */
  readonly window: number;
  readonly write: (build: (writer: Writer) => void) => void;
  /** Runs what a route gave; its failures do not come back. */
  readonly guard: (action: () => void) => void;
}

interface Queued {
  readonly link: OutgoingEnd;
  readonly deliveryId: number;
  readonly tag: Uint8Array;
  readonly settled: boolean;
  readonly more: boolean;
  readonly payload: Uint8Array;
}

interface Unsettled {
  readonly link: OutgoingEnd;
  readonly onOutcome: NonNullable<SendOptions['onOutcome']>;
}

/** Sent and not settled by the peer; the routes wait when there are more. */
const mostUnsettled = 5_000;
const smallestPayload = 256;
export const firstOutgoingId = 1;

export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #unsettled = new Map<number, Unsettled>();
  #queue: Queued[] = [];
  #nextId = firstOutgoingId;
  #nextDeliveryId = 0;
  #window: number;
  #over = false;

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
    this.#window = parts.window;
  }

  /** Id of the next transfer frame. */
  get nextId(): number {
    return this.#nextId;
  }

  get hasRoom(): boolean {
    return this.#queue.length === 0 && this.#unsettled.size < mostUnsettled;
  }

  /** Sends a message in as many frames as it needs. */
  send(link: OutgoingEnd, tag: Uint8Array, message: Uint8Array, onOutcome: SendOptions['onOutcome']): void {
    const deliveryId = this.#nextDeliveryId;
    this.#nextDeliveryId = (deliveryId + 1) >>> 0;
    const settled = link.sendsSettled || onOutcome === undefined;
    if (!settled) this.#unsettled.set(deliveryId, { link, onOutcome });
    const room = Math.max(this.#parts.peerFrameBytes - transferOverhead - tag.length, smallestPayload);
    for (let at = 0; ; at += room) {
      const more = at + room < message.length;
      this.#queue.push({ link, deliveryId, tag, settled, more, payload: message.subarray(at, at + room) });
      if (!more) break;
    }
    this.flush();
    if (settled && onOutcome !== undefined)
      queueMicrotask(() => this.#parts.guard(() => onOutcome('accepted', alreadySettled)));
  }

  /** Sends what waits, as far as the window reaches. */
  flush(): void {
    let sent = 0;
    for (const queued of this.#queue) {
      if (queued.link.state === 'open') {
        if (this.#window <= 0) break;
        this.#window--;
        this.#nextId = (this.#nextId + 1) >>> 0;
        const transfer = { ...queued, handle: queued.link.handle };
        this.#parts.write((writer) => writeTransfer(writer, this.#parts.channel, transfer, queued.payload));
      }
      sent++;
    }
    if (sent === this.#queue.length) this.#queue = [];
    else if (sent > 0) this.#queue.splice(0, sent);
  }

  /** The peer's FLOW says what it has and how many more it takes. */
  flow({ fields }: Performative): void {
    const nextIncomingId = numberField(fields, 0) ?? firstOutgoingId;
    // Serial numbers: the difference counts, modulo 2^32. The window itself may be as large as that.
    const onTheWay = Math.max(0, (this.#nextId - nextIncomingId) | 0);
    this.#window = (numberField(fields, 1) ?? 0) - onTheWay;
    this.flush();
  }

  /** The peer's DISPOSITION. A range costs no more than what is unsettled. */
  disposition({ fields }: Performative): void {
    const first = numberField(fields, 1) ?? 0;
    const last = numberField(fields, 2) ?? first;
    const settled = fields[3] === true;
    const outcome = outcomeOf(fields[4], settled);
    if (outcome === undefined) return;
    // Serial numbers again: the last may be smaller than the first, but not half the numbers away.
    const beyond = (last - first) >>> 0;
    if (last < first && beyond >= 2 ** 31) return;
    if (beyond < this.#unsettled.size) {
      for (let step = 0; step <= beyond; step++) this.#outcome((first + step) >>> 0, outcome, settled);
    } else {
      for (const id of this.#unsettled.keys()) if ((id - first) >>> 0 <= beyond) this.#outcome(id, outcome, settled);
    }
  }

  /** The link is gone: nobody waits for its outcomes any more. */
  forget(link: OutgoingEnd): void {
    for (const [id, { link: owner }] of this.#unsettled) if (owner === link) this.#unsettled.delete(id);
  }

  /** The session is over. */
  close(): void {
    this.#over = true;
    this.#queue = [];
    this.#unsettled.clear();
  }

  #outcome(id: number, outcome: Outcome, settledByPeer: boolean): void {
    const unsettled = this.#unsettled.get(id);
    if (unsettled === undefined) return;
    this.#unsettled.delete(id);
    const { link, onOutcome } = unsettled;
    let open = !settledByPeer;
    const settle = (error?: AmqpError): void => {
      if (!open || link.state !== 'open' || this.#over) return;
      open = false;
      const fields = { receiver: false, first: id, last: id, error } as const;
      this.#parts.write((writer) =>
        writeDisposition(writer, this.#parts.channel, {
          ...fields,
          outcome: error === undefined ? 'accepted' : 'rejected',
        }),
      );
    };
    this.#parts.guard(() => onOutcome(outcome, { settle }));
    if (!link.settlesSecond) settle();
  }
}

const alreadySettled = { settle: () => undefined };

const outcomes: ReadonlyMap<unknown, Outcome> = new Map([
  [outcomeCodes.accepted, 'accepted'],
  [outcomeCodes.rejected, 'rejected'],
  [outcomeCodes.released, 'released'],
  [outcomeCodes.modified, 'modified'],
]);

/** Undefined for a word that is not the last one. A settlement that says nothing leaves the message undelivered. */
function outcomeOf(state: AmqpValue | undefined, settled: boolean): Outcome | undefined {
  const known = state instanceof AmqpDescribed ? outcomes.get(state.descriptor) : undefined;
  return known ?? (settled ? 'released' : undefined);
}
