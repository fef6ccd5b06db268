import type { Clock } from '../../std/clock.ts';
import { sleep } from '../../std/clock.ts';
import { backoffMs, type Backoff } from './backoff.ts';
import { LinkRefused, type DeviceEndpoint, type Link, type OpenLink } from './link.ts';
import { messageOf } from '../../std/message-of.ts';

/** What happened to the link to the hub. */
export type LinkState =
  | { readonly kind: 'connected'; readonly sessionPresent: boolean }
  /** It ended, or could not be made; the next try is on its way. */
  | { readonly kind: 'lost'; readonly reason: string; readonly retryInMs: number; readonly cause?: unknown }
  /** The hub said no. It is asked again, but seldom: a person may enable the device or put the key back. */
  | { readonly kind: 'refused'; readonly reason: string; readonly retryInMs: number; readonly returnCode: number };

export interface LinkKeeperOptions {
  readonly endpoint: DeviceEndpoint;
  readonly clientId: string;
  readonly username: string;
  /** A fresh password (SAS token) for each connection, and when it must be renewed. */
  readonly credentials: () => { readonly password: string; readonly renewInMs: number };
  readonly keepAliveSeconds: number;
  readonly connectTimeoutMs: number;
  readonly backoff: Backoff;
  readonly clock: Clock;
  readonly random: () => number;
  readonly openLink: OpenLink;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** A link is up: the place to subscribe and to send what waits. */
  readonly onUp: (link: Link) => void;
  /** Told before a planned reconnect; resolves when nothing is on its way any more. */
  readonly settle: () => Promise<void>;
  readonly onState: (state: LinkState) => void;
}

/** A link that lived shorter than this counts as a failed try, so that two devices with one id do not chase each other. */
const stableAfterMs = 10_000;
/** Refusals are asked again at this pace at the earliest. */
const refusedPauseMs = 15_000;
/** How long a hub may take to say goodbye before the connection is cut. */
const closeGraceMs = 1_000;

/** How one link, or the try to open it, ended. */
type Ending =
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly cause: unknown }
  | { readonly kind: 'refused'; readonly refusal: LinkRefused }
  | { readonly kind: 'renew' };

/** Keeps one link to the hub: connects, reconnects with a jittered back-off, and renews before the token expires. */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  readonly #stop = new AbortController();
  #link: Link | undefined;
  #renewInMs = 0;
  #running: Promise<void> | undefined;

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }

  /** The open link, undefined while there is none. */
  get link(): Link | undefined {
    return this.#link;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the link with DISCONNECT, or cuts it when the hub does not take part in time. */
  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#stop.abort(new Error('closed by this side'));
    if (link !== undefined) await this.#closeLink(link, closeGraceMs);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, backoff, onState } = this.#options;
    let attempt = 0;
    while (!this.#stop.signal.aborted) {
      const openedAt = clock.monotonic();
      const ending = await this.#oneLink();
      if (this.#stop.signal.aborted) return;
      if (ending.kind === 'renew') continue;
      if (clock.monotonic() - openedAt >= stableAfterMs) attempt = 0;
      const state = stateAfter(ending, backoffMs(backoff, attempt++, random));
      onState(state);
      await sleep(clock, state.retryInMs, this.#stop.signal).catch(() => undefined);
    }
  }

  /** One link from its opening to its end; resolves early when this keeper is closed. */
  #oneLink(): Promise<Ending> {
    const { promise, resolve: end } = Promise.withResolvers<Ending>();
    const onStop = (): void => end(closedHere);
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    this.#open((reason) => end({ kind: 'closed', reason })).then(
      (link) => this.#serve(link, promise, end),
      (error: unknown) => end(endingOf(error)),
    );
    return promise.then(async (ending) => {
      this.#stop.signal.removeEventListener('abort', onStop);
      if (ending.kind === 'renew') await this.#retire();
      this.#link = undefined;
      return ending;
    });
  }

  #open(onClosed: (reason: string) => void): Promise<Link> {
    const { password, renewInMs } = this.#options.credentials();
    this.#renewInMs = renewInMs;
    return this.#options.openLink({
      endpoint: this.#options.endpoint,
      clientId: this.#options.clientId,
      username: this.#options.username,
      password,
      keepAliveSeconds: this.#options.keepAliveSeconds,
      connectTimeoutMs: this.#options.connectTimeoutMs,
      onMessage: this.#options.onMessage,
      onClosed,
    });
  }

  #serve(link: Link, ended: Promise<Ending>, end: (ending: Ending) => void): void {
    if (this.#stop.signal.aborted) {
      link.destroy();
      return;
    }
    this.#link = link;
    const cancelRenewal = this.#options.clock.after(this.#renewInMs, () => end({ kind: 'renew' }), { unref: true });
    void ended.then(cancelRenewal);
    this.#options.onState({ kind: 'connected', sessionPresent: link.sessionPresent });
    this.#options.onUp(link);
  }

  /** Over MQTT a token is renewed by a new connection (device.md §1.2); what is on its way arrives first. */
  async #retire(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await this.#options.settle();
    if (link !== undefined) await this.#closeLink(link, closeGraceMs);
  }

  async #closeLink(link: Link, graceMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(graceMs, resolve);
    await Promise.race([link.close().catch(() => undefined), late]);
    cancel();
    link.destroy();
  }
}

const closedHere: Ending = { kind: 'closed', reason: 'closed by this side' };

function endingOf(error: unknown): Ending {
  if (error instanceof LinkRefused) return { kind: 'refused', refusal: error };
  return { kind: 'failed', reason: messageOf(error), cause: error };
}

function stateAfter(
  ending: Exclude<Ending, { kind: 'renew' }>,
  pauseMs: number,
): Exclude<LinkState, { kind: 'connected' }> {
  if (ending.kind === 'refused' && ending.refusal.permanent) {
    const { message, returnCode } = ending.refusal;
    return { kind: 'refused', reason: message, retryInMs: Math.max(pauseMs, refusedPauseMs), returnCode };
  }
  if (ending.kind === 'refused') return { kind: 'lost', reason: ending.refusal.message, retryInMs: pauseMs };
  if (ending.kind === 'failed') return { kind: 'lost', reason: ending.reason, retryInMs: pauseMs, cause: ending.cause };
  return { kind: 'lost', reason: ending.reason, retryInMs: pauseMs };
}
