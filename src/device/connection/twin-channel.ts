import { Failure } from '../../errors/index.ts';
import {
  desiredFilter,
  parseDesiredTopic,
  parseTwinResponse,
  twinGetTopic,
  twinPatchTopic,
  twinResponsesFilter,
} from '../../protocol/mqtt/index.ts';
import type { DeviceTwin } from '../../protocol/twin/document.ts';
import type { Clock } from '../../std/clock.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from '../../std/json.ts';
import type { Link } from './link.ts';

/** Desired properties as the device is to have them, without `$version`. */
export interface DesiredChange {
  /** A patch (`null` deletes), or, when `complete`, the whole section. */
  readonly desired: JsonObject;
  readonly version: number;
  /** The whole section was read, as after each connect, because updates are not kept for an absent device. */
  readonly complete: boolean;
}

export type DesiredListener = (change: DesiredChange) => void;

export interface TwinChannelOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly link: () => Link | undefined;
  /** Makes sure that the filter is subscribed now and on every later link. */
  readonly listen: (filter: string) => void;
}

interface Request {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly settle: (answer: TwinAnswer | Failure) => void;
}

interface TwinAnswer {
  readonly status: number;
  readonly version: number | undefined;
  readonly body: Uint8Array;
}

const empty = new Uint8Array();
/** Pause before the whole section is asked for again when the hub could not give it. */
const reloadPauseMs = 5_000;

/** The device's twin over MQTT. Source: device.md §2.6, §6. */
export class TwinChannel {
  readonly #options: TwinChannelOptions;
  readonly #requests = new Map<string, Request>();
  #counter = 0;
  #listener: DesiredListener | undefined;
  /** Version of the newest desired properties passed on; older news are dropped. */
  #known = -1;
  #cancelReload: (() => void) | undefined;
  #closed: Failure | undefined;

  constructor(options: TwinChannelOptions) {
    this.#options = options;
  }

  async get(): Promise<DeviceTwin> {
    const answer = await this.#request((rid) => twinGetTopic(rid), empty);
    const twin = answer.status === 200 ? parseTwin(answer.body) : undefined;
    if (twin === undefined) throw refusal('twin', answer);
    return twin;
  }

  /** Merges into the reported properties; resolves to their new version. A repeat after a lost link does no harm. */
  async report(patch: JsonObject): Promise<number> {
    const answer = await this.#request((rid) => twinPatchTopic(rid), new TextEncoder().encode(JSON.stringify(patch)));
    if (answer.status !== 200 && answer.status !== 204) throw refusal('reported properties', answer);
    return answer.version ?? 0;
  }

  onDesired(listener: DesiredListener): void {
    this.#listener = listener;
    this.#options.listen(desiredFilter);
    if (this.#options.link() !== undefined) this.#reload();
  }

  /** A new link: open requests go out again and the desired properties are read whole. */
  linkUp(link: Link): void {
    for (const request of this.#requests.values()) ask(link, request);
    if (this.#listener !== undefined) this.#reload();
  }

  /** True when the message was the twin's. */
  receive(topic: string, payload: Uint8Array): boolean {
    const answer = parseTwinResponse(topic);
    if (answer !== undefined) {
      this.#requests.get(answer.rid)?.settle({ status: answer.status, version: answer.version, body: payload });
      return true;
    }
    const update = parseDesiredTopic(topic);
    if (update === undefined) return false;
    const patch = parseObject(payload);
    if (patch !== undefined) this.#tell({ desired: withoutStamps(patch), version: update.version, complete: false });
    return true;
  }

  /** Rejects whatever is asked, now and later. */
  close(failure: Failure): void {
    this.#closed = failure;
    this.#cancelReload?.();
    for (const request of this.#requests.values()) request.settle(failure);
  }

  #tell(change: DesiredChange): void {
    if (change.version <= this.#known) return;
    this.#known = change.version;
    this.#listener?.(change);
  }

  #reload(): void {
    this.#cancelReload?.();
    this.get().then(
      (twin) => this.#tell({ desired: withoutStamps(twin.desired), version: versionOf(twin.desired), complete: true }),
      () => {
        if (this.#options.link() === undefined || this.#closed !== undefined) return;
        this.#cancelReload = this.#options.clock.after(reloadPauseMs, () => this.#reload(), { unref: true });
      },
    );
  }

  #request(topicOf: (rid: string) => string, payload: Uint8Array): Promise<TwinAnswer> {
    const { clock, deadlineMs, link, listen } = this.#options;
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    listen(twinResponsesFilter);
    const rid = (++this.#counter).toString(16);
    return new Promise((resolve, reject) => {
      const cancel = clock.after(deadlineMs, () => settle(tooLate(deadlineMs, link() !== undefined)));
      const settle = (answer: TwinAnswer | Failure): void => {
        cancel();
        this.#requests.delete(rid);
        if (answer instanceof Failure) reject(answer);
        else resolve(answer);
      };
      const request: Request = { topic: topicOf(rid), payload, settle };
      this.#requests.set(rid, request);
      const open = link();
      if (open !== undefined) ask(open, request);
    });
  }
}

/** QoS 0, as the SDKs do: the answer itself is the acknowledgement. */
function ask(link: Link, request: Request): void {
  link.publish(request.topic, request.payload, 0).catch(() => undefined);
}

function tooLate(deadlineMs: number, linked: boolean): Failure {
  const seconds = Math.round(deadlineMs / 1_000);
  return linked
    ? new Failure('timed-out', `the hub did not answer the twin request within ${seconds} s`, { retryable: true })
    : new Failure('hub-unreachable', `no link to the hub for ${seconds} s`, { retryable: true });
}

function refusal(what: string, answer: TwinAnswer): Failure {
  if (answer.status === 429)
    return new Failure('throttled', `the hub is too busy for the ${what}`, { retryable: true });
  const error = parseObject(answer.body);
  const message = typeof error?.['message'] === 'string' ? `: ${error['message']}` : '';
  const code = answer.status >= 500 ? 'hub-failed' : 'refused';
  return new Failure(code, `the hub answered the ${what} with status ${answer.status}${message}`, {
    retryable: answer.status >= 500,
  });
}

function parseTwin(body: Uint8Array): DeviceTwin | undefined {
  const twin = parseObject(body);
  const desired = twin?.['desired'];
  const reported = twin?.['reported'];
  return isJsonObject(desired) && isJsonObject(reported) ? { desired, reported } : undefined;
}

function parseObject(body: Uint8Array): JsonObject | undefined {
  return parseJsonObject(new TextDecoder().decode(body));
}

function versionOf(section: JsonObject): number {
  const version = section['$version'];
  return typeof version === 'number' ? version : 0;
}

function withoutStamps(section: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(section).filter(([name]) => !name.startsWith('$')));
}
