import { Failure } from '../../errors/index.ts';
import type { Clock } from '../../std/clock.ts';
import type { Link } from './link.ts';

export interface UplinkOptions {
  readonly clock: Clock;
  /** How long a message may wait for its PUBACK, reconnects included. */
  readonly deadlineMs: number;
  /** How many messages may wait at once. */
  readonly limit: number;
  /** The link now, undefined while there is none. */
  readonly link: () => Link | undefined;
}

interface Waiting {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly settle: (failure?: Failure) => void;
}

/**
 * Messages on their way to the hub, QoS 1. What a lost link left without PUBACK goes out again on the next one, in order and
 * before anything newer (MQTT-4.4.0-1, MQTT-4.6.0-1): at least once. Every promise settles by its deadline, whatever the
 * client library does with a publish on a dead link.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  /** In the order they were given. */
  readonly #waiting = new Set<Waiting>();
  #whenEmpty: (() => void)[] = [];
  #closed = false;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  /** Resolves with the PUBACK. Failures: `hub-unreachable`, `timed-out`, `throttled` when too many wait; all retryable. */
  send(topic: string, payload: Uint8Array): Promise<void> {
    const { limit, deadlineMs, clock, link } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closedFailure());
        return;
      }
      if (this.#waiting.size >= limit) {
        reject(new Failure('throttled', `${limit} messages wait for the hub already`, { retryable: true }));
        return;
      }
      const message: Waiting = {
        topic,
        payload,
        settle: (failure) => {
          cancel();
          this.#remove(message);
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      const cancel = clock.after(deadlineMs, () => message.settle(this.#tooLate()));
      this.#waiting.add(message);
      const open = link();
      if (open !== undefined) transmit(open, message);
    });
  }

  /** A new link is up: everything unacknowledged goes out again. */
  resend(link: Link): void {
    for (const message of this.#waiting) transmit(link, message);
  }

  /** Resolves when nothing waits, or after `limitMs`. */
  async drained(limitMs: number): Promise<void> {
    if (this.#waiting.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty.push(resolve);
    const cancel = this.#options.clock.after(limitMs, resolve);
    await promise;
    cancel();
  }

  /** Rejects whatever still waits, and whatever comes later. */
  close(): void {
    this.#closed = true;
    for (const message of this.#waiting) message.settle(closedFailure());
  }

  #tooLate(): Failure {
    const seconds = Math.round(this.#options.deadlineMs / 1_000);
    return this.#options.link() === undefined
      ? new Failure('hub-unreachable', `no link to the hub for ${seconds} s`, { retryable: true })
      : new Failure('timed-out', `the hub did not acknowledge within ${seconds} s`, { retryable: true });
  }

  #remove(message: Waiting): void {
    this.#waiting.delete(message);
    if (this.#waiting.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}

function closedFailure(): Failure {
  return new Failure('hub-unreachable', 'the connection was closed before the hub acknowledged');
}

/** A rejected publish means that the link is gone: the message keeps waiting for the next link or its deadline. */
function transmit(link: Link, message: Waiting): void {
  link.publish(message.topic, message.payload, 1).then(
    () => message.settle(),
    () => undefined,
  );
}
