import { methodResponseTopic, methodsFilter, parseMethodRequestTopic } from '../../protocol/mqtt/index.ts';
import type { MethodResponse } from '../../protocol/method.ts';
import type { JsonValue } from '../../std/json.ts';
import type { Link } from './link.ts';

/** Answers a command. What it throws becomes an answer with status 500. */
export type MethodHandler = (name: string, payload: JsonValue) => MethodResponse | Promise<MethodResponse>;

export interface MethodChannelOptions {
  readonly link: () => Link | undefined;
  readonly listen: (filter: string) => void;
}

/** Commands that may run at once; the next one is answered 429. */
const runningLimit = 32;
/** Source: device.md §7. */
const answerLimit = 128 * 1_024;

/** Direct methods over MQTT. Source: device.md §2.7, §7. */
export class MethodChannel {
  readonly #options: MethodChannelOptions;
  #handler: MethodHandler | undefined;
  #running = 0;

  constructor(options: MethodChannelOptions) {
    this.#options = options;
  }

  onMethod(handler: MethodHandler): void {
    this.#handler = handler;
    this.#options.listen(methodsFilter);
  }

  /** True when the message was a command. */
  receive(topic: string, payload: Uint8Array): boolean {
    const request = parseMethodRequestTopic(topic);
    if (request === undefined) return false;
    void this.#answer(request.methodName, request.rid, payload);
    return true;
  }

  async #answer(name: string, rid: string, payload: Uint8Array): Promise<void> {
    const { status, body } = encode(await this.#run(name, payload));
    // A hub that has gone meanwhile has given the caller up; an answer is not kept for a later link.
    await this.#options
      .link()
      ?.publish(methodResponseTopic(status, rid), body, 0)
      .catch(() => undefined);
  }

  async #run(name: string, payload: Uint8Array): Promise<MethodResponse> {
    const handler = this.#handler;
    if (handler === undefined) return problem(404, 'this device answers no commands');
    if (this.#running >= runningLimit) return problem(429, `${runningLimit} commands run already`);
    const parsed = parsePayload(payload);
    if (parsed === undefined) return problem(400, 'the payload is not JSON');
    this.#running++;
    try {
      return await handler(name, parsed.value);
    } catch (error) {
      return problem(500, error instanceof Error ? error.message.slice(0, 500) : 'the command failed');
    } finally {
      this.#running--;
    }
  }
}

/** An answer that says in words what is wrong. */
export function problem(status: number, message: string): MethodResponse {
  return { status, payload: { message } };
}

function parsePayload(payload: Uint8Array): { value: JsonValue } | undefined {
  if (payload.length === 0) return { value: null };
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as JsonValue };
  } catch {
    return undefined;
  }
}

function encode(response: MethodResponse): { status: number; body: Uint8Array } {
  const status = Number.isSafeInteger(response.status) ? response.status : 500;
  const body = new TextEncoder().encode(JSON.stringify(response.payload ?? null));
  if (body.length <= answerLimit) return { status, body };
  const { status: tooLarge, payload } = problem(
    500,
    `the answer has ${body.length} bytes, at most ${answerLimit} are allowed`,
  );
  return { status: tooLarge, body: new TextEncoder().encode(JSON.stringify(payload)) };
}
